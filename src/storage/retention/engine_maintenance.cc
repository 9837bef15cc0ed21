#include "storage/retention/engine_maintenance.h"

#include <chrono>

#include "base/log.h"
#include "storage/retention/expiry_clock_file.h"

namespace luma::storage {
namespace {

constexpr std::chrono::minutes kInterval{1};
constexpr std::chrono::milliseconds kSaveInterval = std::chrono::hours(1);

}  // namespace

void EngineMaintenance::Start() {
  thread_.Start([this] {
    while (thread_.Sleep(kInterval)) {
      const Status expired = Expire().status();
      if (!expired.ok()) LUMA_LOG(kWarn, "storage", "retention failed: {}", expired.message());
    }
  });
}

Result<ExpiryCounts> EngineMaintenance::Expire() {
  MutexLock lock(mutex_);
  // A full disk must not keep old data on it; the next start by an older time is only more careful.
  const Status saved = SaveClock();
  if (!saved.ok()) LUMA_LOG(kWarn, "storage", "expiry clock not saved: {}", saved.message());
  return expiry_.DropExpired();
}

// Before anything expires by it, so that the next start knows this time or one not long before.
Status EngineMaintenance::SaveClock() {
  const UnixMillis now = clock_.Now();
  if (saved_ && std::chrono::abs(std::chrono::milliseconds(now - *saved_)) < kSaveInterval) {
    return Status::Ok();
  }
  LUMA_RETURN_IF_ERROR(SaveExpiryClock(fs_, clock_file_, now));
  saved_ = now;
  return Status::Ok();
}

Status EngineMaintenance::CleanDeleted() {
  LUMA_RETURN_IF_ERROR(flusher_.FlushAll());
  const MergePace at_once = [](uint64_t) { return Status::Ok(); };
  MergePolicy policy;
  policy.rewrite_deleted_share = 0;
  while (true) {
    LUMA_ASSIGN_OR_RETURN(const bool has_merged, compactor_.MergeOnce(policy, at_once));
    if (!has_merged) return Status::Ok();
  }
}

}  // namespace luma::storage
