#include "storage/backup/destination_lock.h"

#include "base/log.h"
#include "storage/backup/backup_format.h"

namespace luma::storage {
namespace {

std::string_view NameOf(DestinationUse use) {
  return use == DestinationUse::kBackup ? "backup" : "delete";
}

}  // namespace

Result<std::unique_ptr<DestinationLock>> DestinationLock::Take(io::ObjectStore& store,
                                                               const DatabaseUuid& uuid,
                                                               DestinationUse use,
                                                               const Clock& clock) {
  const std::string key = LockKey(uuid);
  const std::string text = std::string(NameOf(use)) + " " + TimeText(clock.NowMillis()) + "\n";
  const Status put = store.PutIfAbsent(key, AsBytes(text));
  if (put.code() == StatusCode::kAlreadyExists) {
    LUMA_ASSIGN_OR_RETURN(const Bytes there, store.Get(key));
    const std::string_view holder = AsText(there);
    if (!holder.starts_with(NameOf(use))) {
      return Status::Unavailable("destination is in use: key=", key,
                                 " by=", holder.substr(0, holder.find('\n')))
          .WithHint("if that process is gone, repeat what it did, or delete the object");
    }
  } else if (!put.ok()) {
    return put;
  }
  return std::unique_ptr<DestinationLock>(new DestinationLock(store, key));
}

Result<bool> DestinationLock::IsHeldFor(io::ObjectStore& store, const DatabaseUuid& uuid,
                                        DestinationUse use) {
  const Result<Bytes> there = store.Get(LockKey(uuid));
  if (there.status().code() == StatusCode::kNotFound) return false;
  if (!there.ok()) return there.status();
  return AsText(*there).starts_with(NameOf(use));
}

DestinationLock::~DestinationLock() {
  const Status deleted = store_.Delete(key_);
  if (!deleted.ok()) {
    LUMA_LOG(kWarn, "backup", "lock stays: key={} {}", key_, deleted.message());
  }
}

}  // namespace luma::storage
