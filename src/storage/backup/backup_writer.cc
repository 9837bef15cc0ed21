#include "storage/backup/backup_writer.h"

#include <algorithm>
#include <utility>

#include "base/failpoint.h"
#include "storage/backup/destination_lock.h"
#include "storage/backup/stored_cold.h"
#include "storage/backup/stored_log.h"
#include "storage/backup/stored_segment.h"
#include "storage/backup/verified_put.h"

namespace luma::storage {
namespace {

uint64_t BytesOf(const RunRecord& record) {
  return record.file_bytes + (record.cold ? record.cold->bytes : 0);
}

class BackupWriter {
 public:
  BackupWriter(BackupSource& source, io::ObjectStore& store, const OnProgress& on_progress)
      : source_(source), store_(store), on_progress_(on_progress) {}

  Result<BackupResult> Run(const Clock& clock) {
    LUMA_RETURN_IF_ERROR(Pin(clock));
    LUMA_ASSIGN_OR_RETURN(const auto lock, DestinationLock::Take(store_, backup_.uuid,
                                                                 DestinationUse::kBackup, clock));
    LUMA_FAILPOINT("backup.after_lock");
    LUMA_RETURN_IF_ERROR(CopyLog());
    pinned_.log.reset();
    LUMA_FAILPOINT("backup.after_log");
    LUMA_RETURN_IF_ERROR(CopySegments());
    LUMA_RETURN_IF_ERROR(CheckSegments());
    LUMA_FAILPOINT("backup.before_manifest");
    LUMA_RETURN_IF_ERROR(PutNewVerified(store_, BackupKey(backup_.Id()), EncodeBackup(backup_)));
    LUMA_FAILPOINT("backup.after_manifest");
    return BackupResult{.backup = std::move(backup_), .bytes_moved = progress_.bytes_moved};
  }

 private:
  // A flush or a merge between the two would move rows, and deletes after it name positions that
  // the checkpoint does not have.
  Status PinTogether() {
    while (true) {
      LUMA_ASSIGN_OR_RETURN(pinned_, source_.PinCheckpoint());
      LUMA_ASSIGN_OR_RETURN(backup_.commit, source_.SyncLog());
      LUMA_ASSIGN_OR_RETURN(const PinnedCheckpoint now, source_.PinCheckpoint());
      if (std::ranges::equal(pinned_.runs, now.runs, {}, &PinnedRun::run, &PinnedRun::run)) {
        return Status::Ok();
      }
    }
  }

  Status Pin(const Clock& clock) {
    LUMA_RETURN_IF_ERROR(PinTogether());
    backup_.created_at = clock.NowMillis();
    backup_.manifest = pinned_.manifest;
    backup_.uuid = pinned_.manifest.uuid;
    for (const auto& [id, table] : backup_.manifest.tables) {
      for (const auto& [run, record] : table.runs) {
        ++backup_.segment_count;
        backup_.segment_bytes += BytesOf(record);
      }
    }
    return Status::Ok();
  }

  // What the archive has brought already, or a backup before, is not brought again.
  Status CopyLog() {
    LUMA_ASSIGN_OR_RETURN(const StoredLog there, StoredLog::Open(store_, backup_.uuid));
    const Lsn from = Next(there.LastFrom(backup_.replay_from()));
    progress_ = {.phase = "log"};
    return UploadLog(source_, store_, backup_.uuid, from, backup_.commit, [&](uint64_t bytes, Lsn) {
      progress_.bytes_done += bytes;
      return Moved(bytes);
    });
  }

  Status CopySegments() {
    LUMA_ASSIGN_OR_RETURN(const StoredParts there, StoredParts::List(store_, backup_.uuid));
    progress_ = {.phase = "segments",
                 .files_total = backup_.segment_count,
                 .bytes_total = backup_.segment_bytes,
                 .bytes_moved = progress_.bytes_moved};
    for (const auto& [id, table] : backup_.manifest.tables) {
      for (const auto& [run, record] : table.runs) {
        LUMA_RETURN_IF_ERROR(record.cold ? CopyColdRun(record, there)
                                         : CopySegment(id, record, there));
        ++progress_.files_done;
        progress_.bytes_done += BytesOf(record);
        LUMA_RETURN_IF_ERROR(on_progress_(progress_));
      }
    }
    return Status::Ok();
  }

  // The lock keeps deletions out, unless somebody has taken it away.
  Status CheckSegments() {
    LUMA_ASSIGN_OR_RETURN(const StoredParts there, StoredParts::List(store_, backup_.uuid));
    for (const auto& [id, table] : backup_.manifest.tables) {
      for (const auto& [run, record] : table.runs) {
        LUMA_RETURN_IF_ERROR(
            there.RequireAll(SegmentPrefix(backup_.uuid, record), record.file_bytes));
        if (!record.cold) continue;
        LUMA_RETURN_IF_ERROR(
            there.RequireAll(ColdObjectPrefix(backup_.uuid, *record.cold), record.cold->bytes));
      }
    }
    return Status::Ok();
  }

  Status CopySegment(ObjectId table, const RunRecord& record, const StoredParts& there) {
    const std::string prefix = SegmentPrefix(backup_.uuid, record);
    LUMA_ASSIGN_OR_RETURN(const bool is_there, there.HasAll(prefix, record.file_bytes));
    if (is_there) return Status::Ok();
    return UploadSegment(source_.file_system(), source_.directory().segment(record.file_name),
                         ExpectedOf(table, record), store_, prefix, there,
                         [&](uint64_t bytes) { return Moved(bytes); });
  }

  // A copy, not a reference: the original goes when its rows expire or are merged.
  Status CopyColdRun(const RunRecord& record, const StoredParts& there) {
    return UploadColdRun(*source_.cold_store(), record, store_, backup_.uuid, there,
                         [&](uint64_t bytes) { return Moved(bytes); });
  }

  Status Moved(uint64_t bytes) {
    progress_.bytes_moved += bytes;
    return on_progress_(progress_);
  }

  BackupSource& source_;
  io::ObjectStore& store_;
  const OnProgress& on_progress_;
  PinnedCheckpoint pinned_;
  Backup backup_;
  Progress progress_;
};

}  // namespace

Result<BackupResult> WriteBackup(BackupSource& source, io::ObjectStore& store, const Clock& clock,
                                 const OnProgress& on_progress) {
  return BackupWriter(source, store, on_progress).Run(clock);
}

}  // namespace luma::storage
