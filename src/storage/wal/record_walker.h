// The rules that say which bytes of a log file are its next record: docs/formats/wal.md, "Reading".
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "storage/wal/lsn.h"
#include "storage/wal/wal_directory.h"
#include "storage/wal/wal_format.h"

namespace luma::storage {

// Walks the records of one log file in memory and keeps what the next one must continue.
// Lifetime: `bytes`, which begin with the file's header, must outlive it. Thread-compatible.
class RecordWalker {
 public:
  RecordWalker(const WalFile& file, ByteSpan bytes);

  // The record at offset(), if the bytes below `end` (at most bytes.size()) hold the one that
  // continues the chain, with a valid payload. Call Advance to step over it.
  std::optional<WalRecordHeader> Next(uint64_t end) const;
  // Of a record that Next has returned and Advance has not yet stepped over.
  ByteSpan Payload(const WalRecordHeader& record) const;
  void Advance(const WalRecordHeader& record);

  // The evidence against a torn tail: the highest synced_lsn of all record headers from offset()
  // on, wherever the damage has left one. Headers that no writer can have put there do not count:
  // the bytes after the end may be of any kind, and 32 bits of checksum alone would believe one of
  // them in every thousandth start.
  Lsn SyncedAfterDamage() const;

  uint64_t offset() const { return offset_; }
  Lsn last_lsn() const { return last_lsn_; }
  uint32_t last_crc() const { return last_crc_; }

 private:
  ByteSpan PaddedPayload(const WalRecordHeader& record) const;
  // Whether a writer can have put `record` at the offset `at`, after the record that ends at
  // offset().
  bool CanFollow(const WalRecordHeader& record, uint64_t at) const;

  ByteSpan bytes_;
  uint32_t seed_;
  uint64_t offset_;
  Lsn last_lsn_;
  uint32_t last_crc_;
};

}  // namespace luma::storage
