#include "storage/backup/backup_list.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/failpoint.h"
#include "storage/backup/destination_lock.h"
#include "storage/backup/stored_cold.h"
#include "storage/backup/stored_log.h"

namespace luma::storage {
namespace {

// What the backups of a database that are left need.
struct Needed {
  std::set<std::string> segments = {};  // prefixes
  Lsn first_record = kNoLsn;            // records below are not needed
};

// `first_record` is what is needed of the log if there are none.
Result<Needed> NeededBy(io::ObjectStore& store, const DatabaseUuid& uuid,
                        const std::string& deleted_id, Lsn first_record) {
  LUMA_ASSIGN_OR_RETURN(const auto listed, ListBackups(store));
  Needed needed{.first_record = first_record};
  for (const ListedBackup& left : listed) {
    if (!left.backup.ok()) return left.backup.status();
    if (left.backup->uuid != uuid || left.id == deleted_id) continue;
    needed.first_record = std::min(needed.first_record, left.backup->replay_from());
    for (const auto& [id, table] : left.backup->manifest.tables) {
      for (const auto& [run, record] : table.runs) {
        needed.segments.insert(SegmentPrefix(uuid, record));
        if (record.cold) needed.segments.insert(ColdObjectPrefix(uuid, *record.cold));
      }
    }
  }
  return needed;
}

Result<uint64_t> DeleteSegments(io::ObjectStore& store, const DatabaseUuid& uuid,
                                const Needed& needed) {
  LUMA_ASSIGN_OR_RETURN(const auto objects, store.List(SegmentsPrefix(uuid)));
  uint64_t bytes = 0;
  for (const io::ObjectInfo& part : objects) {
    if (needed.segments.contains(part.key.substr(0, part.key.rfind('/') + 1))) continue;
    LUMA_RETURN_IF_ERROR(store.Delete(part.key));
    bytes += part.size_bytes;
  }
  return bytes;
}

Result<uint64_t> DeleteLog(io::ObjectStore& store, const DatabaseUuid& uuid, const Needed& needed) {
  LUMA_ASSIGN_OR_RETURN(const auto objects, store.List(LogPrefix(uuid)));
  uint64_t bytes = 0;
  for (const io::ObjectInfo& object : objects) {
    const auto chunk = ParseLogChunkKey(uuid, object.key);
    if (!chunk || chunk->last >= needed.first_record) continue;
    LUMA_RETURN_IF_ERROR(store.Delete(object.key));
    bytes += object.size_bytes;
  }
  return bytes;
}

// Removes what no backup needs that is left; gives its bytes.
Result<uint64_t> DeleteUnneeded(io::ObjectStore& store, const DatabaseUuid& uuid,
                                const std::string& deleted_id, Lsn first_record) {
  LUMA_ASSIGN_OR_RETURN(const Needed needed, NeededBy(store, uuid, deleted_id, first_record));
  LUMA_ASSIGN_OR_RETURN(const uint64_t segments, DeleteSegments(store, uuid, needed));
  LUMA_ASSIGN_OR_RETURN(const uint64_t log, DeleteLog(store, uuid, needed));
  return segments + log;
}

// The database whose deletion of this backup died after the backup had gone, which its lock tells:
// an id ends with the first digits of its database.
Result<std::optional<DatabaseUuid>> FindInterrupted(io::ObjectStore& store, const std::string& id) {
  const std::string digits = id.substr(id.rfind('-') + 1);
  if (digits.size() != kUuidDigitsOfId) return std::optional<DatabaseUuid>();
  const std::string prefix = std::string(kLockPrefix).append(digits);
  LUMA_ASSIGN_OR_RETURN(const auto locks, store.List(prefix));
  for (const io::ObjectInfo& lock : locks) {
    const auto uuid = ParseLockKey(lock.key);
    if (!uuid) continue;
    LUMA_ASSIGN_OR_RETURN(const bool is_delete,
                          DestinationLock::IsHeldFor(store, *uuid, DestinationUse::kDelete));
    if (is_delete) return uuid;
  }
  return std::optional<DatabaseUuid>();
}

// Of the log nothing goes then but what lies before the backups that are left.
Result<uint64_t> FinishDeletion(io::ObjectStore& store, const std::string& id,
                                const Status& not_found, const Clock& clock) {
  LUMA_ASSIGN_OR_RETURN(const auto uuid, FindInterrupted(store, id));
  if (!uuid) return not_found;
  LUMA_ASSIGN_OR_RETURN(const auto lock,
                        DestinationLock::Take(store, *uuid, DestinationUse::kDelete, clock));
  return DeleteUnneeded(store, *uuid, id, kNoLsn);
}

bool IsUnreadable(const Status& status) {
  return status.code() == StatusCode::kCorruption || status.code() == StatusCode::kUnsupported;
}

}  // namespace

Result<std::vector<ListedBackup>> ListBackups(io::ObjectStore& store) {
  LUMA_ASSIGN_OR_RETURN(const auto objects, store.List(std::string(kBackupPrefix)));
  std::vector<ListedBackup> backups;
  for (const io::ObjectInfo& object : objects) {
    std::string id = object.key.substr(kBackupPrefix.size());
    Result<Backup> backup = ReadBackup(store, id);
    const StatusCode code = backup.status().code();
    if (code == StatusCode::kNotFound) continue;  // deleted meanwhile
    if (!backup.ok() && !IsUnreadable(backup.status())) return backup.status();
    backups.push_back({.id = std::move(id), .backup = std::move(backup)});
  }
  return backups;
}

Result<Backup> ReadBackup(io::ObjectStore& store, const std::string& id) {
  const std::string key = BackupKey(id);
  const Result<Bytes> object = store.Get(key);
  if (object.status().code() == StatusCode::kNotFound) {
    return Status::NotFound("no such backup: id=", id);
  }
  if (!object.ok()) return object.status();
  return DecodeBackup(*object, key);
}

Result<uint64_t> DeleteBackup(io::ObjectStore& store, const std::string& id, const Clock& clock) {
  const Result<Backup> backup = ReadBackup(store, id);
  if (!backup.ok() && IsUnreadable(backup.status())) {
    LUMA_RETURN_IF_ERROR(store.Delete(BackupKey(id)));
    return uint64_t{0};
  }
  if (backup.status().code() == StatusCode::kNotFound) {
    return FinishDeletion(store, id, backup.status(), clock);
  }
  if (!backup.ok()) return backup.status();
  LUMA_ASSIGN_OR_RETURN(const auto lock,
                        DestinationLock::Take(store, backup->uuid, DestinationUse::kDelete, clock));
  // First: what is not listed any more is not expected to be whole.
  LUMA_RETURN_IF_ERROR(store.Delete(BackupKey(id)));
  LUMA_FAILPOINT("backup.after_delete");
  return DeleteUnneeded(store, backup->uuid, id, Next(backup->commit));
}

}  // namespace luma::storage
