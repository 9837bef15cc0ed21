#include "storage/backup/store_check.h"

#include <memory>
#include <utility>

#include "storage/backup/backup_list.h"
#include "storage/backup/stored_log.h"
#include "storage/backup/stored_segment.h"
#include "storage/commit_record.h"
#include "storage/segment_check.h"

namespace luma::storage {
namespace {

using OpenSegment = std::function<Result<std::shared_ptr<const SegmentReader>>(
    const RunRecord& record, const ExpectedSegment& expected)>;

bool IsDamage(const Status& status) {
  return status.code() == StatusCode::kCorruption || status.code() == StatusCode::kUnsupported ||
         status.code() == StatusCode::kNotFound;
}

// Collects what is damaged; other errors end the check.
class StoreCheck {
 public:
  explicit StoreCheck(const OnProgress& on_progress) : on_progress_(on_progress) {}

  Status CheckSegments(const ManifestState& manifest, const OpenSegment& open) {
    for (const auto& [id, table] : manifest.tables) {
      progress_.files_total += table.runs.size();
      for (const auto& [run, record] : table.runs) progress_.bytes_total += record.file_bytes;
    }
    progress_.phase = "segments";
    for (const auto& [id, table] : manifest.tables) {
      if (!table.runs.empty()) ++report_.tables;
      for (const auto& [run, record] : table.runs) {
        LUMA_RETURN_IF_ERROR(CheckOne(id, record, open));
      }
    }
    return Status::Ok();
  }

  Status AddRecord(ByteSpan payload) {
    ++report_.log_records;
    report_.log_bytes += payload.size();
    return DecodeLogRecord(payload).status();
  }

  Status Note(const Status& status) {
    if (!IsDamage(status)) return status;
    report_.problems.emplace_back(status.message());
    return Status::Ok();
  }

  DirectoryReport Take() { return std::move(report_); }

 private:
  Status CheckOne(ObjectId table, const RunRecord& record, const OpenSegment& open) {
    if (record.cold) {  // CheckDirectory verifies objects; reads verify what they read
      ++report_.cold_objects;
      report_.cold_bytes += record.cold->bytes;
      report_.cold_rows += record.row_count;
      ++progress_.files_done;
      progress_.bytes_done += record.file_bytes;
      return on_progress_(progress_);
    }
    ++report_.segment_files;
    report_.segment_bytes += record.file_bytes;
    report_.segment_rows += record.row_count;
    const auto reader = open(record, ExpectedOf(table, record));
    Status status = reader.status();
    if (reader.ok()) {
      status = CheckSegment(**reader, [&](uint64_t bytes) {
        ++report_.blocks;
        progress_.bytes_moved += bytes;
        return on_progress_(progress_);
      });
    }
    ++progress_.files_done;
    progress_.bytes_done += record.file_bytes;
    LUMA_RETURN_IF_ERROR(Note(status));
    return on_progress_(progress_);
  }

  const OnProgress& on_progress_;
  Progress progress_;
  DirectoryReport report_;
};

}  // namespace

Result<DirectoryReport> CheckRunning(BackupSource& source, const OnProgress& on_progress) {
  LUMA_ASSIGN_OR_RETURN(PinnedCheckpoint pinned, source.PinCheckpoint());
  LUMA_ASSIGN_OR_RETURN(const Lsn through, source.SyncLog());
  StoreCheck check(on_progress);
  const Lsn from = pinned.manifest.checkpoint.replay_from;
  LUMA_RETURN_IF_ERROR(check.Note(source.ReadLog(
      from, through, [&](Lsn, ByteSpan payload) { return check.AddRecord(payload); })));
  pinned.log.reset();
  LUMA_RETURN_IF_ERROR(check.CheckSegments(
      pinned.manifest, [&](const RunRecord& record, const ExpectedSegment& expected) {
        return SegmentReader::Open(source.file_system(),
                                   source.directory().segment(record.file_name), expected);
      }));
  return check.Take();
}

Result<DirectoryReport> CheckBackup(io::ObjectStore& store, const std::string& id,
                                    const OnProgress& on_progress) {
  const Result<Backup> backup = ReadBackup(store, id);
  StoreCheck check(on_progress);
  if (!backup.ok()) {
    if (backup.status().code() == StatusCode::kNotFound) return backup.status();
    LUMA_RETURN_IF_ERROR(check.Note(backup.status()));
    return check.Take();
  }
  LUMA_ASSIGN_OR_RETURN(const StoredLog log, StoredLog::Open(store, backup->uuid));
  const auto last = log.Read(backup->replay_from(), [&](Lsn lsn, ByteSpan payload) -> Result<bool> {
    if (lsn > backup->commit) return false;
    LUMA_RETURN_IF_ERROR(check.AddRecord(payload));
    return true;
  });
  LUMA_RETURN_IF_ERROR(check.Note(last.status()));
  if (last.ok() && *last < backup->commit) {
    LUMA_RETURN_IF_ERROR(check.Note(
        Status::Corruption("log records are missing: first_missing=", ToNumber(Next(*last)),
                           " needed=", ToNumber(backup->commit))));
  }
  LUMA_RETURN_IF_ERROR(check.CheckSegments(backup->manifest, [&](const RunRecord& record,
                                                                 const ExpectedSegment& expected) {
    return SegmentReader::Open(
        std::make_shared<StoredFile>(store, SegmentPrefix(backup->uuid, record), record.file_bytes),
        expected);
  }));
  return check.Take();
}

}  // namespace luma::storage
