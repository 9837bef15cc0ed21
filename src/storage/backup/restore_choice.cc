#include "storage/backup/restore_choice.h"

#include <utility>

#include "storage/backup/backup_list.h"
#include "storage/commit_record.h"

namespace luma::storage {
namespace {

// Whether the log leads from the backup's checkpoint to the target, and not back.
bool Suits(const Backup& backup, const RestoreTarget& target) {
  const auto checkpoint = static_cast<uint64_t>(backup.manifest.checkpoint.commit);
  if (target.commit) return checkpoint <= ToNumber(*target.commit);
  return !target.time || backup.created_at <= *target.time;
}

Result<Backup> ReadNamed(io::ObjectStore& store, const RestoreTarget& target) {
  LUMA_ASSIGN_OR_RETURN(Backup backup, ReadBackup(store, target.id));
  if (!Suits(backup, target)) {
    return Status::InvalidArgument("backup is from after the target: id=", target.id);
  }
  return backup;
}

Result<Backup> ReadNewest(io::ObjectStore& store, const RestoreTarget& target) {
  LUMA_ASSIGN_OR_RETURN(auto listed, ListBackups(store));
  if (listed.empty()) return Status::NotFound("destination has no backup");
  std::optional<Backup> newest;
  for (ListedBackup& one : listed) {
    if (!one.backup.ok()) {
      return one.backup.status().WithHint("choose another backup with --id");
    }
    if (one.backup->uuid != listed.front().backup->uuid) {
      return Status::InvalidArgument("destination has backups of several databases")
          .WithHint("choose a backup with --id");
    }
    if (Suits(*one.backup, target)) newest = *std::move(one.backup);
  }
  if (newest) return *std::move(newest);
  return Status::NotFound("every backup is from after the target: oldest=", listed.front().id);
}

}  // namespace

Result<Backup> ChooseBackup(io::ObjectStore& store, const RestoreTarget& target) {
  return target.id.empty() ? ReadNewest(store, target) : ReadNamed(store, target);
}

bool IsWithin(const Backup& backup, const RestoreTarget& target, Lsn lsn, ByteSpan payload) {
  if (target.commit) return lsn <= *target.commit;
  if (lsn <= backup.commit) return true;
  return target.time && LoggedTime(payload).value_or(INT64_MIN) <= *target.time;
}

}  // namespace luma::storage
