#include "server/snapshot.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <random>

#include "base/log.h"
#include "server/backup_destination.h"
#include "storage/backup/backup_writer.h"

namespace luma::server {
namespace {

// As Prometheus names them: 20240102T030405Z-0123456789abcdef.
std::string SnapshotName(UnixMillis now) {
  const std::chrono::sys_seconds time{std::chrono::seconds(now / 1000)};
  std::random_device random;
  const uint64_t number = (uint64_t{random()} << 32) | random();
  return fmt::format("{:%Y%m%dT%H%M%SZ}-{:016x}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)), number);
}

}  // namespace

Result<std::string> TakeSnapshot(const Config& config, storage::MultiTierStorage& engine,
                                 io::FileSystem& fs, const Clock& clock,
                                 const storage::OnProgress& on_progress) {
  const std::string name = SnapshotName(clock.NowMillis());
  const std::string folder = io::JoinPath(config.general.data_dir, "snapshots/" + name);
  LUMA_ASSIGN_OR_RETURN(const std::unique_ptr<io::ObjectStore> store,
                        OpenBackupDestination(config, folder, fs, clock));
  LUMA_RETURN_IF_ERROR(engine.Flush());
  LUMA_ASSIGN_OR_RETURN(const storage::BudgetLease memory,
                        engine.budget().Book(storage::BudgetUse::kMerge, storage::kBackupBytes));
  LUMA_ASSIGN_OR_RETURN(const storage::BackupResult result,
                        storage::WriteBackup(engine.backup_source(), *store, clock, on_progress));
  LUMA_LOG(kInfo, "server", "snapshot taken: folder={} bytes={}", folder, result.bytes_moved);
  return name;
}

}  // namespace luma::server
