#include "storage/backup/store_check.h"

#include <memory>
#include <utility>

#include "storage/backup/backup_list.h"
#include "storage/backup/stored_cold.h"
#include "storage/backup/stored_log.h"
#include "storage/backup/stored_segment.h"
#include "storage/commit_record.h"
#include "storage/segment_check.h"

namespace luma::storage {
namespace {

// How the files of a store are reached.
struct FileAccess {
  std::function<Result<std::shared_ptr<const SegmentReader>>(const RunRecord& record,
                                                             const ExpectedSegment& expected)>
      open_segment;
  std::function<Status(const RunRecord& record)> check_cold;
};

bool IsDamage(const Status& status) {
  return status.code() == StatusCode::kCorruption || status.code() == StatusCode::kUnsupported ||
         status.code() == StatusCode::kNotFound;
}

// Collects what is damaged; other errors end the check.
class StoreCheck {
 public:
  explicit StoreCheck(const OnProgress& on_progress) : on_progress_(on_progress) {}

  Status CheckSegments(const ManifestState& manifest, const FileAccess& files) {
    for (const auto& [id, table] : manifest.tables) {
      progress_.files_total += table.runs.size();
      for (const auto& [run, record] : table.runs) progress_.bytes_total += BytesOf(record);
    }
    progress_.phase = "segments";
    for (const auto& [id, table] : manifest.tables) {
      if (!table.runs.empty()) ++report_.tables;
      for (const auto& [run, record] : table.runs) {
        const Status status = record.cold ? CheckCold(record, files) : CheckWarm(id, record, files);
        LUMA_RETURN_IF_ERROR(Note(status));
        ++progress_.files_done;
        progress_.bytes_done += BytesOf(record);
        LUMA_RETURN_IF_ERROR(on_progress_(progress_));
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
  static uint64_t BytesOf(const RunRecord& record) {
    return record.file_bytes + (record.cold ? record.cold->bytes : 0);
  }

  Status CheckWarm(ObjectId table, const RunRecord& record, const FileAccess& files) {
    ++report_.segment_files;
    report_.segment_bytes += record.file_bytes;
    report_.segment_rows += record.row_count;
    LUMA_ASSIGN_OR_RETURN(const auto reader, files.open_segment(record, ExpectedOf(table, record)));
    return CheckSegment(*reader, [&](uint64_t bytes) {
      ++report_.blocks;
      progress_.bytes_moved += bytes;
      return on_progress_(progress_);
    });
  }

  Status CheckCold(const RunRecord& record, const FileAccess& files) {
    ++report_.cold_objects;
    report_.cold_bytes += record.cold->bytes;
    report_.cold_rows += record.row_count;
    progress_.bytes_moved += record.cold->bytes;
    return files.check_cold(record);
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
  const FileAccess files{
      .open_segment =
          [&](const RunRecord& record, const ExpectedSegment& expected) {
            return SegmentReader::Open(source.file_system(),
                                       source.directory().segment(record.file_name), expected);
          },
      .check_cold =
          [&](const RunRecord& record) { return CheckColdRun(*source.cold_store(), record); }};
  LUMA_RETURN_IF_ERROR(check.CheckSegments(pinned.manifest, files));
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
  const FileAccess files{.open_segment =
                             [&](const RunRecord& record, const ExpectedSegment& expected) {
                               const std::string prefix = SegmentPrefix(backup->uuid, record);
                               return SegmentReader::Open(
                                   std::make_shared<StoredFile>(store, prefix, record.file_bytes),
                                   expected);
                             },
                         .check_cold =
                             [&](const RunRecord& record) {
                               return CheckStoredColdRun(store, backup->uuid, record,
                                                         [](uint64_t) { return Status::Ok(); });
                             }};
  LUMA_RETURN_IF_ERROR(check.CheckSegments(backup->manifest, files));
  return check.Take();
}

}  // namespace luma::storage
