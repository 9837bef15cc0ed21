#include "storage/backup/restore.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "base/failpoint.h"
#include "storage/backup/layout_check.h"
#include "storage/backup/restore_choice.h"
#include "storage/backup/stored_cold.h"
#include "storage/backup/stored_log.h"
#include "storage/backup/stored_segment.h"
#include "storage/cold/cold_keys.h"
#include "storage/commit_record.h"
#include "storage/data_directory.h"
#include "storage/manifest/manifest.h"
#include "storage/wal/wal_writer.h"

namespace luma::storage {
namespace {

constexpr std::string_view kMarkerName = "RESTORE-INCOMPLETE";
constexpr std::string_view kLockName = "LOCK";  // FileSystem::LockDirectory

io::Path MarkerOf(const io::Path& directory) { return io::JoinPath(directory, kMarkerName); }

std::array<io::Path, 4> FoldersOf(const DataDirectory& directory) {
  return {directory.manifest(), directory.wal(), directory.segments(), directory.cold()};
}

Status RemoveFiles(io::FileSystem& fs, const io::Path& folder) {
  LUMA_ASSIGN_OR_RETURN(const bool exists, fs.IsDirectory(folder));
  if (!exists) return Status::Ok();
  LUMA_ASSIGN_OR_RETURN(const auto names, fs.List(folder));
  for (const std::string& name : names) {
    LUMA_RETURN_IF_ERROR(fs.Remove(io::JoinPath(folder, name)));
  }
  return fs.SyncDirectory(folder);
}

// Everything of an interrupted restore goes; anything else is somebody's.
Status ClearDirectory(io::FileSystem& fs, const DataDirectory& directory) {
  LUMA_ASSIGN_OR_RETURN(const bool was_interrupted, fs.Exists(MarkerOf(directory.root)));
  if (!was_interrupted) {
    LUMA_ASSIGN_OR_RETURN(const auto names, fs.List(directory.root));
    for (const std::string& name : names) {
      if (name == kLockName || name.starts_with(kMarkerName)) continue;
      return Status::AlreadyExists("directory to restore into is not empty: path=", directory.root,
                                   " found=", name);
    }
    return io::WriteFileAtomically(fs, MarkerOf(directory.root), AsBytes("restore\n"));
  }
  for (const io::Path& folder : FoldersOf(directory)) {
    LUMA_RETURN_IF_ERROR(RemoveFiles(fs, folder));
  }
  return Status::Ok();
}

// A name of a file in a folder of the directory. Others are refused: a manifest from elsewhere must
// not say where on this disk to write.
Status CheckFileName(const std::string& name) {
  const bool is_plain = !name.empty() && name.front() != '.' && name.find('/') == name.npos;
  return is_plain ? Status::Ok()
                  : Status::Corruption("backup is damaged: bad name of a file: name=", name);
}

class RestoreRun {
 public:
  RestoreRun(io::ObjectStore& store, const RestoreTarget& target, io::FileSystem& fs,
             const io::Path& directory, const OnProgress& on_progress, const RestoreColdTier& cold)
      : store_(store),
        target_(target),
        fs_(fs),
        directory_{directory},
        on_progress_(on_progress),
        cold_(cold) {}

  Result<RestoreResult> Run() {
    LUMA_ASSIGN_OR_RETURN(result_.backup, ChooseBackup(store_, target_));
    LUMA_RETURN_IF_ERROR(PlanDatabase());
    LUMA_RETURN_IF_ERROR(fs_.CreateDirectories(directory_.root));
    LUMA_ASSIGN_OR_RETURN(const auto lock, fs_.LockDirectory(directory_.root));
    LUMA_RETURN_IF_ERROR(ClearDirectory(fs_, directory_));
    for (const io::Path& folder : FoldersOf(directory_)) {
      LUMA_RETURN_IF_ERROR(fs_.CreateDirectories(folder));
    }
    LUMA_FAILPOINT("restore.after_marker");
    LUMA_RETURN_IF_ERROR(CopySegments());
    LUMA_FAILPOINT("restore.after_segments");
    LUMA_RETURN_IF_ERROR(CopyLog());
    LUMA_FAILPOINT("restore.after_log");
    LUMA_RETURN_IF_ERROR(Manifest::Create(fs_, directory_.manifest(), database_));
    LUMA_FAILPOINT("restore.after_manifest");
    LUMA_RETURN_IF_ERROR(fs_.Remove(MarkerOf(directory_.root)));
    LUMA_RETURN_IF_ERROR(fs_.SyncDirectory(directory_.root));
    return std::move(result_);
  }

 private:
  // What the manifest will say: the backup's, under another uuid.
  Status PlanDatabase() {
    database_ = result_.backup.manifest;
    database_.uuid = NewDatabaseUuid();
    const std::string prefix = ColdDatabasePrefix(cold_.key_prefix, database_.uuid);
    for (auto& [id, table] : database_.tables) {
      for (auto& [run, record] : table.runs) {
        LUMA_RETURN_IF_ERROR(CheckFileName(record.file_name));
        if (!record.cold) continue;
        if (cold_.store == nullptr) {
          return Status::InvalidArgument("backup has rows of a cold tier: object=",
                                         record.cold->key)
              .WithHint("say with --config or --set where [cold] store is");
        }
        const std::string name = record.cold->key.substr(record.cold->key.rfind('/') + 1);
        record.cold->key = ColdTablePrefix(prefix, id) + name;
      }
    }
    return Status::Ok();
  }

  Status CopySegments() {
    progress_ = {.phase = "segments",
                 .files_total = result_.backup.segment_count,
                 .bytes_total = result_.backup.segment_bytes};
    for (const auto& [id, table] : result_.backup.manifest.tables) {
      for (const auto& [run, record] : table.runs) {
        LUMA_RETURN_IF_ERROR(record.cold ? CopyColdRun(id, record) : CopySegment(id, record));
        ++progress_.files_done;
      }
    }
    LUMA_RETURN_IF_ERROR(fs_.SyncDirectory(directory_.segments()));
    return on_progress_(progress_);
  }

  Status CopySegment(ObjectId table, const RunRecord& record) {
    return DownloadSegment(store_, SegmentPrefix(result_.backup.uuid, record),
                           ExpectedOf(table, record), fs_, directory_.segment(record.file_name),
                           [&](uint64_t bytes) { return Moved(bytes); });
  }

  Status CopyColdRun(ObjectId table, const RunRecord& record) {
    const RunRecord& planned = database_.tables.at(table).runs.at(record.id);
    return DownloadColdRun(store_, result_.backup.uuid, record, fs_, directory_.cold(),
                           *cold_.store, planned.cold->key,
                           [&](uint64_t bytes) { return Moved(bytes); });
  }

  Status Moved(uint64_t bytes) {
    progress_.bytes_done += bytes;
    progress_.bytes_moved += bytes;
    return on_progress_(progress_);
  }

  // A log that goes on from the backup's checkpoint, with the numbers that its records have.
  Status CopyLog() {
    progress_ = {.phase = "log"};
    const Lsn from = result_.backup.replay_from();
    // Nobody waits for a single record: Close makes all of them durable. Most restores have few.
    const WalOptions options{
        .sync = WalSync::kOff, .segment_bytes = 4 << 20, .background_spares = false};
    WalEnd before;
    before.last_lsn = Previous(from);
    LUMA_ASSIGN_OR_RETURN(const auto wal, WalWriter::Open(fs_, directory_.wal(), before, options));
    LUMA_ASSIGN_OR_RETURN(const StoredLog log, StoredLog::Open(store_, result_.backup.uuid));
    const LayoutCheck layouts(result_.backup.manifest);
    bool ended_by_target = false;
    LUMA_ASSIGN_OR_RETURN(result_.commit,
                          log.Read(from, [&](Lsn lsn, ByteSpan payload) -> Result<bool> {
                            ended_by_target = !IsWithin(result_.backup, target_, lsn, payload);
                            if (ended_by_target) return false;
                            LUMA_RETURN_IF_ERROR(layouts.Check(lsn, payload));
                            LUMA_RETURN_IF_ERROR(Append(*wal, payload));
                            return true;
                          }));
    LUMA_RETURN_IF_ERROR(CheckEnd(log, ended_by_target));
    if (result_.commit < from) LUMA_RETURN_IF_ERROR(Append(*wal, EncodeSequenceRecord({})));
    return wal->Close();
  }

  Status Append(WalWriter& wal, ByteSpan payload) {
    LUMA_RETURN_IF_ERROR(wal.Reserve(payload.size()));
    wal.Append(payload);
    if (const auto time = LoggedTime(payload)) result_.committed_at = time;
    return Moved(payload.size());
  }

  // Whether the stored log led where it should.
  Status CheckEnd(const StoredLog& log, bool ended_by_target) {
    const Lsn commit = result_.backup.commit;
    if (result_.commit < std::min(commit, target_.commit.value_or(commit))) {
      return Status::Corruption(
          "backup is damaged: log records are missing: id=", result_.backup.Id(),
          " first_missing=", ToNumber(Next(result_.commit)));
    }
    const bool goes_on_later = log.last() > result_.commit;
    const bool is_short = target_.commit ? result_.commit < *target_.commit
                                         : target_.time && !ended_by_target && goes_on_later;
    if (is_short) {
      return Status::OutOfRange(goes_on_later ? "log before the target was not archived"
                                              : "archived log ends before the target",
                                ": first_missing=", ToNumber(Next(result_.commit)));
    }
    result_.reached = !target_.time || ended_by_target;
    return Status::Ok();
  }

  io::ObjectStore& store_;
  const RestoreTarget& target_;
  io::FileSystem& fs_;
  const DataDirectory directory_;
  const OnProgress& on_progress_;
  const RestoreColdTier& cold_;
  RestoreResult result_;
  ManifestState database_;
  Progress progress_;
};

}  // namespace

Result<RestoreResult> Restore(io::ObjectStore& store, const RestoreTarget& target,
                              io::FileSystem& fs, const io::Path& directory,
                              const OnProgress& on_progress, const RestoreColdTier& cold) {
  if (target.commit && target.time) {
    return Status::InvalidArgument("a restore has one target: a commit or a time");
  }
  return RestoreRun(store, target, fs, directory, on_progress, cold).Run();
}

Status CheckRestoreComplete(io::FileSystem& fs, const io::Path& directory) {
  LUMA_ASSIGN_OR_RETURN(const bool was_interrupted, fs.Exists(MarkerOf(directory)));
  if (!was_interrupted) return Status::Ok();
  return Status::Corruption("directory holds an interrupted restore: path=", MarkerOf(directory))
      .WithHint("run `lumadb restore` into it again");
}

}  // namespace luma::storage
