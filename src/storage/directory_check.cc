#include "storage/directory_check.h"

#include <utility>

#include "storage/backup/restore.h"
#include "storage/budget.h"
#include "storage/cold/cold_keys.h"
#include "storage/cold/cold_tier.h"
#include "storage/data_directory.h"
#include "storage/manifest/manifest.h"
#include "storage/recovery.h"
#include "storage/segment_check.h"
#include "storage/wal/wal_reader.h"
#include "storage/warm/segment_reader.h"

namespace luma::storage {
namespace {

class DirectoryCheck {
 public:
  DirectoryCheck(io::FileSystem& fs, DataDirectory directory, io::ObjectStore* store)
      : fs_(fs),
        directory_(std::move(directory)),
        store_(store),
        cold_(fs, directory_, {}, nullptr) {}

  DirectoryReport Run() {
    const Result<ManifestState> manifest = Manifest::Read(fs_, directory_.manifest());
    if (!manifest.ok()) {
      Note(manifest.status());
      return std::move(report_);
    }
    for (const auto& [id, table] : manifest->tables) CheckTable(id, table);
    CheckLog(manifest->checkpoint.replay_from);
    if (report_.problems.empty()) CheckReplay(*manifest);
    return std::move(report_);
  }

 private:
  void Note(const Status& status) {
    if (!status.ok()) report_.problems.emplace_back(status.message());
  }

  void CheckTable(ObjectId id, const TableRecord& table) {
    if (!table.runs.empty()) ++report_.tables;
    for (const auto& [run, record] : table.runs) {
      Note(record.cold ? CheckCold(id, record) : CheckSegment(id, record));
    }
  }

  Status CheckCold(ObjectId table, const RunRecord& record) {
    ++report_.cold_objects;
    report_.cold_bytes += record.cold->bytes;
    report_.cold_rows += record.row_count;
    if (store_ != nullptr) Note(CheckColdObjects(record));
    return cold_.ReadLocalSidecar(table, record).status();
  }

  Status CheckColdObjects(const RunRecord& record) {
    LUMA_RETURN_IF_ERROR(
        io::VerifyObject(*store_, record.cold->key,
                         {.size_bytes = record.cold->bytes, .crc32c = record.cold->crc32c}));
    const std::string key = ColdSidecarKey(record.cold->key);
    LUMA_ASSIGN_OR_RETURN(const Bytes sidecar, store_->Get(key));
    const bool is_whole = sidecar.size() == record.file_bytes && DecodeColdSidecar(sidecar).ok() &&
                          ColdSidecarCrc(sidecar) == record.footer_crc;
    return is_whole ? Status::Ok()
                    : Status::Corruption("sidecar is not the one of the manifest: object=", key);
  }

  // The first damage of the file.
  Status CheckSegment(ObjectId table, const RunRecord& record) {
    ++report_.segment_files;
    report_.segment_bytes += record.file_bytes;
    report_.segment_rows += record.row_count;
    const ExpectedSegment expected{.table_id = table,
                                   .run_id = record.id,
                                   .file = {.file_bytes = record.file_bytes,
                                            .row_count = record.row_count,
                                            .footer_crc = record.footer_crc}};
    LUMA_ASSIGN_OR_RETURN(const auto reader,
                          SegmentReader::Open(fs_, directory_.segment(record.file_name), expected));
    return storage::CheckSegment(*reader, [&](uint64_t) {
      ++report_.blocks;
      return Status::Ok();
    });
  }

  void CheckLog(Lsn from) {
    const auto count = [&](Lsn, ByteSpan payload) {
      ++report_.log_records;
      report_.log_bytes += payload.size();
      return Status::Ok();
    };
    Note(ReplayWal(fs_, directory_.wal(), from, count).status());
  }

  // Files that are intact must also fit together.
  void CheckReplay(const ManifestState& manifest) {
    MemoryBudget budget(UINT64_MAX);
    Note(Recover(fs_, directory_, manifest, budget, cold_).status());
  }

  io::FileSystem& fs_;
  const DataDirectory directory_;
  io::ObjectStore* const store_;
  ColdTier cold_;  // without a store: nothing is repaired
  DirectoryReport report_;
};

}  // namespace

Result<DirectoryReport> CheckDirectory(io::FileSystem& fs, const io::Path& data_directory,
                                       io::ObjectStore* store) {
  const DataDirectory directory{data_directory};
  LUMA_RETURN_IF_ERROR(CheckRestoreComplete(fs, directory.root));
  LUMA_ASSIGN_OR_RETURN(const bool exists, fs.Exists(directory.manifest()));
  if (!exists) return Status::NotFound("not a data directory: path=", data_directory);
  LUMA_ASSIGN_OR_RETURN(const auto lock, fs.LockDirectory(directory.root));
  return DirectoryCheck(fs, directory, store).Run();
}

}  // namespace luma::storage
