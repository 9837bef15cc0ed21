// The objects of a backup destination: docs/formats/backup.md. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/status.h"
#include "storage/manifest/manifest_state.h"
#include "storage/wal/lsn.h"

namespace luma::storage {

inline constexpr std::string_view kBackupPrefix = "backups/";
inline constexpr std::string_view kLockPrefix = "locks/";
inline constexpr uint64_t kPartBytes = 16ull << 20;

// "0a1b..." of 32 digits.
std::string UuidText(const DatabaseUuid& uuid);
// How many of them end the id of a backup.
inline constexpr size_t kUuidDigitsOfId = 8;
// "20261122T210300.123Z".
std::string TimeText(UnixMillis time);

struct Backup {
  DatabaseUuid uuid{};
  UnixMillis created_at = 0;
  Lsn commit = kNoLsn;         // the last record it has
  uint64_t segment_bytes = 0;  // of segment files and of objects and sidecars of the cold tier
  uint32_t segment_count = 0;  // of runs on disk, warm and cold
  ManifestState manifest = {};

  Lsn replay_from() const { return manifest.checkpoint.replay_from; }
  std::string Id() const;
};

Bytes EncodeBackup(const Backup& backup);
// `key` is for messages. Errors: kCorruption, kUnsupported.
Result<Backup> DecodeBackup(ByteSpan object, std::string_view key);

std::string BackupKey(std::string_view id);
std::string LockKey(const DatabaseUuid& uuid);
// Nothing if `key` is no lock.
std::optional<DatabaseUuid> ParseLockKey(std::string_view key);
// Before the parts of all segment files of a database.
std::string SegmentsPrefix(const DatabaseUuid& uuid);
// Before the parts of one; ends with "/".
std::string SegmentPrefix(const DatabaseUuid& uuid, const RunRecord& run);
std::string PartName(uint64_t part);

struct LogChunkKey {
  Lsn first = kNoLsn;
  Lsn last = kNoLsn;
  auto operator<=>(const LogChunkKey&) const = default;
};
std::string LogPrefix(const DatabaseUuid& uuid);
std::string LogChunkPath(const DatabaseUuid& uuid, const LogChunkKey& chunk);
// Nothing if `key` is no chunk of the database.
std::optional<LogChunkKey> ParseLogChunkKey(const DatabaseUuid& uuid, std::string_view key);

// Consecutive records on their way into a chunk.
class LogChunkBuilder {
 public:
  void Add(Lsn lsn, ByteSpan payload);
  bool empty() const { return records_.empty(); }
  uint64_t bytes() const { return records_.size(); }
  LogChunkKey key() const { return key_; }
  // The object; the builder is empty again.
  Bytes Take(const DatabaseUuid& uuid);

 private:
  LogChunkKey key_;
  Bytes records_;
};

// The records of a chunk, the first being number key.first; they lie in `object`. `path` is its
// key. Errors: kCorruption, kUnsupported.
Result<std::vector<ByteSpan>> DecodeLogChunk(ByteSpan object, const DatabaseUuid& uuid,
                                             const LogChunkKey& key, std::string_view path);

}  // namespace luma::storage
