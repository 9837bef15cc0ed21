// Files cut into parts in a backup destination: docs/formats/backup.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "io/object_store.h"
#include "storage/backup/backup_format.h"

namespace luma::storage {

uint64_t PartCount(uint64_t file_bytes);

// One part of a file of that size; `prefix` is before its number. Errors: kCorruption naming the
// object when it is missing or has another size; those of the store.
Result<Bytes> GetPart(io::ObjectStore& store, const std::string& prefix, uint64_t file_bytes,
                      uint64_t part);

// Which parts a destination has, as one List of it says. Lifetime: `store`
// outlives it.
class StoredParts {
 public:
  static Result<StoredParts> List(io::ObjectStore& store, const DatabaseUuid& uuid);
  bool Has(const std::string& key, uint64_t size_bytes) const;
  // Every part of a file of that size; asks the store once more for each, because its List may be
  // of some time ago.
  Result<bool> HasAll(const std::string& prefix, uint64_t file_bytes) const;
  // OK if every part is there; asks the store for those that its List does not show. Errors:
  // kUnavailable naming the part that is missing; those of the store.
  Status RequireAll(const std::string& prefix, uint64_t file_bytes) const;

 private:
  explicit StoredParts(io::ObjectStore& store) : store_(&store) {}

  io::ObjectStore* store_;  // not a reference: results are moved
  std::map<std::string, uint64_t> sizes_;
};

// Told the bytes of each part as soon as it is in the destination.
using OnPart = std::function<Status(uint64_t bytes)>;

// Cuts a stream of bytes into parts and uploads those that are not in `there`. Lifetime: all
// references outlive it. Threads: one. Memory: a part.
class PartUpload {
 public:
  PartUpload(io::ObjectStore& store, const std::string& prefix, const StoredParts& there,
             const OnPart& on_part)
      : store_(store), prefix_(prefix), there_(there), on_part_(on_part) {}

  // Errors: those of the store and of `on_part`.
  Status Add(ByteSpan bytes);
  // After the last byte.
  Status Finish();

 private:
  io::ObjectStore& store_;
  const std::string& prefix_;
  const StoredParts& there_;
  const OnPart& on_part_;
  uint64_t number_ = 0;
  Bytes part_;
};

}  // namespace luma::storage
