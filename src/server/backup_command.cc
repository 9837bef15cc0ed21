#include "server/backup_command.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <utility>

#include "io/object_store.h"
#include "net/url.h"
#include "prom/time_parameter.h"
#include "server/admin_client.h"
#include "server/backup_destination.h"
#include "server/cold_store.h"
#include "server/pace.h"
#include "server/quantity.h"
#include "server/store.h"
#include "server/task_report.h"
#include "storage/backup/backup_list.h"
#include "storage/backup/backup_writer.h"
#include "storage/backup/restore.h"
#include "storage/backup/store_check.h"
#include "storage/directory_check.h"
#include "storage/engine.h"
#include "storage/metrics/retired/open_retired_series.h"

namespace luma::server {
namespace {

io::FileSystem& Disk() { return io::FileSystem::Posix(); }

Result<std::unique_ptr<io::ObjectStore>> OpenPlace(const ConfigArguments& arguments,
                                                   const std::string& place) {
  LUMA_ASSIGN_OR_RETURN(const Config config, LoadConfig(arguments));
  return OpenBackupDestination(config, place, Disk(), Clock::System());
}

Result<uint64_t> BytesPerSecond(const std::string& rate) {
  if (rate.empty()) return uint64_t{0};
  LUMA_ASSIGN_OR_RETURN(const ByteCount bytes, ParseByteCount(rate));
  return bytes.bytes;
}

// Prints a line each second, and keeps to a rate.
storage::OnProgress PrintTo(std::ostream& out, uint64_t bytes_per_second) {
  auto next_line = std::chrono::steady_clock::now();
  return
      [&out, next_line, pace = Pace(bytes_per_second)](const storage::Progress& progress) mutable {
        pace.Hold(progress.bytes_moved);
        const auto now = std::chrono::steady_clock::now();
        if (now < next_line) return Status::Ok();
        next_line = now + std::chrono::seconds(1);
        out << ProgressLine(progress) << std::endl;
        return Status::Ok();
      };
}

// Starts a task of a running server and prints its lines.
Status RunOnServer(const ConfigArguments& arguments, const std::string& server,
                   const std::string& target, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const Config config, LoadConfig(arguments));
  LUMA_ASSIGN_OR_RETURN(AdminClient client, AdminClient::For(config, server));
  const auto print = [&](std::string_view line) { out << line << std::endl; };
  LUMA_ASSIGN_OR_RETURN(const std::string last, client.Run(target, print));
  return IsGoodLastLine(last) ? Status::Ok() : Status::Corruption("task failed: ", last);
}

// The engine opens the directory as a server does, so the same code makes the backup. The log is
// held: an archive may not have it yet.
Status BackUpDirectory(const BackupCommand& command, uint64_t rate, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(Config config, LoadConfig(command.config));
  LUMA_ASSIGN_OR_RETURN(const auto store,
                        OpenBackupDestination(config, command.to, Disk(), Clock::System()));
  LUMA_ASSIGN_OR_RETURN(const bool exists, Disk().Exists(command.data_directory));
  if (!exists) return Status::NotFound("no such directory: path=", command.data_directory);
  config.general.data_dir = command.data_directory;
  LUMA_ASSIGN_OR_RETURN(storage::EngineOptions options, EngineOptionsOf(config));
  options.background_flush = false;
  options.hold_log = true;
  LUMA_ASSIGN_OR_RETURN(const auto engine, storage::MultiTierStorage::Open(
                                               std::move(options), Disk(), Clock::System()));
  storage::RenewSeriesList(Disk(), SeriesDirectoryOf(config), *engine);
  LUMA_RETURN_IF_ERROR(engine->Flush());
  LUMA_ASSIGN_OR_RETURN(const storage::BudgetLease memory,
                        engine->budget().Book(storage::BudgetUse::kMerge, storage::kBackupBytes));
  LUMA_ASSIGN_OR_RETURN(
      const storage::BackupResult result,
      storage::WriteBackup(engine->backup_source(), *store, Clock::System(), PrintTo(out, rate)));
  out << DoneLine(result) << '\n';
  return engine->Close();
}

void PrintProblems(const storage::DirectoryReport& report, std::ostream& out) {
  for (const std::string& problem : report.problems) out << "problem: " << problem << '\n';
}

Status VerifyOne(io::ObjectStore& store, const std::string& id, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const storage::DirectoryReport report,
                        storage::CheckBackup(store, id, PrintTo(out, 0)));
  PrintProblems(report, out);
  out << fmt::format("{}: {} files, {} bytes, {} blocks, {} log records: {}\n", id,
                     report.segment_files, report.segment_bytes, report.blocks, report.log_records,
                     report.problems.empty() ? "intact" : "damaged");
  return report.problems.empty() ? Status::Ok() : Status::Corruption("backup is damaged: id=", id);
}

Status CheckAtRest(const CheckCommand& command, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const storage::DirectoryReport report,
                        storage::CheckDirectory(Disk(), command.data_directory));
  out << "segment files: " << report.segment_files << " of " << report.tables << " tables, "
      << report.segment_bytes << " bytes, " << report.blocks << " blocks, " << report.segment_rows
      << " rows\nlog: " << report.log_records << " records, " << report.log_bytes << " bytes\n";
  PrintProblems(report, out);
  out << (report.problems.empty() ? "everything is intact\n" : "the directory is damaged\n");
  return report.problems.empty()
             ? Status::Ok()
             : Status::Corruption("directory is damaged: path=", command.data_directory);
}

}  // namespace

Status Execute(const BackupCommand& command, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const uint64_t rate, BytesPerSecond(command.rate));
  if (!command.data_directory.empty()) return BackUpDirectory(command, rate, out);
  const std::string target =
      fmt::format("/api/v1/admin/backup?to={}&rate={}", net::PercentEncode(command.to), rate);
  return RunOnServer(command.config, command.server, target, out);
}

Status Execute(const BackupListCommand& command, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const auto store, OpenPlace(command.config, command.from));
  LUMA_ASSIGN_OR_RETURN(const auto backups, storage::ListBackups(*store));
  for (const storage::ListedBackup& one : backups) {
    if (!one.backup.ok()) {
      out << one.id << "  unreadable: " << one.backup.status().message() << '\n';
      continue;
    }
    out << fmt::format("{}  commit={} checkpoint={} files={} bytes={}\n", one.id,
                       storage::ToNumber(one.backup->commit),
                       static_cast<uint64_t>(one.backup->manifest.checkpoint.commit),
                       one.backup->segment_count, one.backup->segment_bytes);
  }
  return Status::Ok();
}

Status Execute(const BackupVerifyCommand& command, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const auto store, OpenPlace(command.config, command.from));
  if (!command.id.empty()) return VerifyOne(*store, command.id, out);
  LUMA_ASSIGN_OR_RETURN(const auto backups, storage::ListBackups(*store));
  Status result;
  for (const storage::ListedBackup& one : backups) {
    const Status status = VerifyOne(*store, one.id, out);
    if (!status.ok()) result = status;
  }
  return result;
}

Status Execute(const BackupDeleteCommand& command, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const auto store, OpenPlace(command.config, command.from));
  LUMA_ASSIGN_OR_RETURN(const uint64_t bytes,
                        storage::DeleteBackup(*store, command.id, Clock::System()));
  out << command.id << " deleted, " << bytes << " bytes freed\n";
  return Status::Ok();
}

Status Execute(const RestoreCommand& command, std::ostream& out) {
  storage::RestoreTarget target{.id = command.id};
  if (command.to_commit) target.commit = storage::Lsn{*command.to_commit};
  if (!command.to_time.empty()) {
    LUMA_ASSIGN_OR_RETURN(target.time, prom::ParseTimeParameter(command.to_time));
  }
  LUMA_ASSIGN_OR_RETURN(const Config config, LoadConfig(command.config));
  LUMA_ASSIGN_OR_RETURN(const auto store,
                        OpenBackupDestination(config, command.from, Disk(), Clock::System()));
  LUMA_ASSIGN_OR_RETURN(const storage::ColdTierOptions cold,
                        OpenColdStore(config, Disk(), Clock::System()));
  LUMA_ASSIGN_OR_RETURN(
      const storage::RestoreResult result,
      storage::Restore(*store, target, Disk(), command.data_directory, PrintTo(out, 0),
                       {.store = cold.store.get(), .key_prefix = cold.key_prefix}));
  if (!result.reached) {
    out << "note: the archived log ends before that time; all of it was restored\n";
  }
  out << DoneLine(result) << '\n';
  return Status::Ok();
}

Status Execute(const CheckCommand& command, std::ostream& out) {
  if (!command.data_directory.empty()) return CheckAtRest(command, out);
  LUMA_ASSIGN_OR_RETURN(const uint64_t rate, BytesPerSecond(command.rate));
  return RunOnServer(command.config, command.server,
                     fmt::format("/api/v1/admin/check?rate={}", rate), out);
}

}  // namespace luma::server
