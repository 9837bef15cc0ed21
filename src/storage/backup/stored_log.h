// Log records as chunks in a backup destination: docs/formats/backup.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/status.h"
#include "io/object_store.h"
#include "storage/backup/backup_format.h"
#include "storage/backup/backup_source.h"

namespace luma::storage {

// The chunks of one database, as one List says. Threads: one. Lifetime: `store` outlives it.
class StoredLog {
 public:
  static Result<StoredLog> Open(io::ObjectStore& store, const DatabaseUuid& uuid);

  // The last record of the gapless sequence that begins with `from`; Previous(from) without one.
  Lsn LastFrom(Lsn from) const;
  // Of all records; kNoLsn without any.
  Lsn last() const;

  // Hands out records from `from` on, up to LastFrom(from) or until the callback returns false,
  // which it does for a record that it does not want any more. Returns the last one it did want.
  // Memory: one chunk. Errors: kCorruption naming the object; those of store and callback.
  using OnRecord = std::function<Result<bool>(Lsn lsn, ByteSpan payload)>;
  Result<Lsn> Read(Lsn from, const OnRecord& on_record) const;

 private:
  StoredLog(io::ObjectStore& store, DatabaseUuid uuid) : store_(&store), uuid_(uuid) {}
  // Of the chunks with record `lsn` the one that ends last; null without one.
  const LogChunkKey* ChunkWith(Lsn lsn) const;

  io::ObjectStore* store_;  // not a reference: results are moved
  DatabaseUuid uuid_;
  // By the first record of some chunk: of all that begin there or before, the one that ends last.
  // An archive makes 17,000 chunks a day, so they are looked up and not searched.
  std::map<Lsn, LogChunkKey> furthest_;
};

// Uploads records from..through, which are pinned and durable in `source`, in chunks of some MiB.
// `on_chunk` is told each chunk's bytes. Errors: kCorruption when the destination has other records
// of these numbers; those of source, store and `on_chunk`.
Status UploadLog(BackupSource& source, io::ObjectStore& store, const DatabaseUuid& uuid, Lsn from,
                 Lsn through, const std::function<Status(uint64_t bytes, Lsn last)>& on_chunk);

}  // namespace luma::storage
