#include "storage/cold/run_cooler.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/crc32c.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "storage/cold/block_zone.h"
#include "storage/cold/cold_keys.h"
#include "storage/cold/cold_metrics.h"
#include "storage/cold/cold_object.h"
#include "storage/cold/cold_run.h"
#include "storage/column_block.h"
#include "storage/decoded_column.h"

namespace luma::storage {
namespace {

// Row groups of all columns that writer and comparison hold at once: the source's, the format's
// and what was read back.
constexpr uint64_t kGroupsInMemory = 3;
constexpr uint64_t kTextBytes = 32;  // of a string beside its reference, as PolicyFor has it

uint64_t GroupBytes(const std::vector<ColdColumn>& columns) {
  uint64_t row_bytes = 0;
  for (const ColdColumn& column : columns) {
    const bool is_text = column.physical_type == PhysicalType::kBytes;
    row_bytes += ValueBytes(column.physical_type) + (is_text ? kTextBytes : 0);
  }
  return row_bytes * kColdGroupRows;
}

bool IsSameValue(PhysicalType type, const std::byte* a, const std::byte* b) {
  if (a == nullptr || b == nullptr) return a == b;
  if (type != PhysicalType::kBytes) return std::memcmp(a, b, ValueBytes(type)) == 0;
  return reinterpret_cast<const StringRef*>(a)->view() ==
         reinterpret_cast<const StringRef*>(b)->view();
}

// Bit by bit: a NaN keeps its payload, and -0.0 its sign.
bool IsSameBlock(const ColumnBlock& a, const ColumnBlock& b) {
  if (a.flat.type != b.flat.type || a.row_count != b.row_count) return false;
  for (uint32_t row = 0; row < a.row_count; ++row) {
    if (!IsSameValue(a.flat.type, ValueAt(a, row), ValueAt(b, row))) return false;
  }
  return true;
}

// One run on its way. What it makes is given up unless it gets to the end.
class Cooling {
 public:
  Cooling(ColdTier& tier, const CoolRequest& request, const MergePace& pace)
      : tier_(tier),
        request_(request),
        pace_(pace),
        run_(static_cast<const StoredRun&>(*request.source->run())),
        file_path_(tier.directory().cold_file(request.stem + ".new")),
        key_(request.key_prefix + request.stem + std::string(tier.format().file_suffix())) {
    for (const ColumnSchema& column : request.table->table->columns) {
      if (column.is_generated()) continue;
      sidecar_.columns.push_back(
          {column.id, column.name, column.physical_type, column.logical_type});
    }
    sidecar_.table_id = request.table->id;
    sidecar_.run_id = run_.id();
    sidecar_.writer_epoch = request.writer_epoch;
    sidecar_.row_count = request.source->row_count();
    record_.id = run_.id();
    record_.row_count = sidecar_.row_count;
    record_.file_name = request.stem + std::string(kColdSidecarSuffix);
  }
  ~Cooling() {
    RemoveFile(file_path_);
    if (is_done_) return;
    RemoveFile(tier_.directory().cold_file(record_.file_name));
    if (!is_upload_begun_) return;
    tier_.Discard(key_);
    tier_.Discard(ColdSidecarKey(key_));
  }

  Result<CooledRun> Run(MemoryBudget& budget) {
    LUMA_ASSIGN_OR_RETURN(
        BudgetLease memory,
        budget.Book(BudgetUse::kMerge, kGroupsInMemory * GroupBytes(sidecar_.columns)));
    LUMA_RETURN_IF_ERROR(WriteFile());
    LUMA_RETURN_IF_ERROR(CompareFile());
    memory.Release();
    LUMA_ASSIGN_OR_RETURN(memory, budget.Book(BudgetUse::kMerge, io::kTransferBytes));
    LUMA_RETURN_IF_ERROR(Upload());
    LUMA_RETURN_IF_ERROR(KeepSidecar());
    auto run = std::make_shared<const ColdRun>(tier_, request_.table->id, record_, run_.layout());
    is_done_ = true;
    return CooledRun{.table = request_.table->id,
                     .source = request_.source,
                     .run = std::move(run),
                     .record = record_};
  }

 private:
  Status WriteFile() {
    LUMA_FAILPOINT("cold.before_write");
    const ColdSource source{.table = request_.table,
                            .run = request_.source,
                            .columns = sidecar_.columns,
                            .series = request_.series};
    LUMA_RETURN_IF_ERROR(tier_.format().Write(source, file_path_));
    LUMA_FAILPOINT("cold.after_write");
    LUMA_ASSIGN_OR_RETURN(file_, ColdFileBytes::Open(tier_.fs(), file_path_));
    LUMA_ASSIGN_OR_RETURN(ColdDigests digests, DigestOf(*file_));
    sidecar_.object = digests.object;
    sidecar_.piece_crc32c = std::move(digests.piece_crc32c);
    return pace_(sidecar_.object.size_bytes);
  }

  // Reads every value back, and makes the zone maps meanwhile.
  Status CompareFile() {
    LUMA_ASSIGN_OR_RETURN(const auto file, tier_.format().Open(file_, sidecar_.row_count));
    for (uint32_t group = 0; group < sidecar_.group_count(); ++group) {
      LUMA_ASSIGN_OR_RETURN(const auto columns, ReadGroup(*file, group));
      const uint32_t first = group * kColdBlocksPerGroup;
      const uint32_t end = std::min(first + kColdBlocksPerGroup, sidecar_.block_count());
      for (uint32_t block = first; block < end; ++block) {
        LUMA_RETURN_IF_ERROR(CompareBlock(columns, block, (block - first) * kBlockRows));
      }
    }
    LUMA_FAILPOINT("cold.after_compare");
    return Status::Ok();
  }

  Result<std::vector<DecodedBlockPtr>> ReadGroup(const ColdFile& file, uint32_t group) const {
    const uint32_t rows = std::min(kColdGroupRows, sidecar_.row_count - group * kColdGroupRows);
    std::vector<DecodedBlockPtr> columns;
    for (const ColdColumn& column : sidecar_.columns) {
      LUMA_ASSIGN_OR_RETURN(DecodedBlockPtr block, file.ReadGroup(column, group));
      if (block->row_count() != rows) return NotKept(column, group);
      columns.push_back(std::move(block));
    }
    return columns;
  }

  Status CompareBlock(const std::vector<DecodedBlockPtr>& columns, uint32_t block,
                      uint32_t first_row) {
    for (size_t i = 0; i < columns.size(); ++i) {
      const ColumnSchema& column = *request_.table->table->FindColumn(sidecar_.columns[i].id);
      StoredRun::ReadCost cost;
      LUMA_ASSIGN_OR_RETURN(const ColumnBlock source, run_.ReadOnce(column, block, cost));
      LUMA_ASSIGN_OR_RETURN(const ColumnBlock copy, ColumnBlockOf(column, columns[i], first_row,
                                                                  sidecar_.BlockRows(block)));
      if (!IsSameBlock(source, copy)) {
        return NotKept(sidecar_.columns[i], block / kColdBlocksPerGroup);
      }
      const ZoneMap* const zone = request_.source->Zone(column.id, block);
      // A column that the run was written without has none.
      sidecar_.zones.push_back(zone != nullptr ? *zone : ZoneOf(source));
    }
    return Status::Ok();
  }

  Status NotKept(const ColdColumn& column, uint32_t group) const {
    return Status::Internal("cold file has other values than were written: path=", file_path_,
                            " column=", column.name, " group=", group);
  }

  Status Upload() {
    LUMA_FAILPOINT("cold.before_upload");
    is_upload_begun_ = true;
    ColdMetrics::Get().uploaded_bytes.Add(sidecar_.object.size_bytes);
    LUMA_ASSIGN_OR_RETURN(const io::ObjectDigest sent,
                          tier_.store().PutFile(key_, tier_.fs(), file_path_));
    LUMA_FAILPOINT("cold.after_upload");
    if (sent != sidecar_.object) {
      return Status::IoError("file changed while it was uploaded: path=", file_path_);
    }
    LUMA_RETURN_IF_ERROR(VerifyUpload(key_, sidecar_.object));
    LUMA_FAILPOINT("cold.after_verify");
    record_.cold = ColdObjectRecord{
        .key = key_, .bytes = sidecar_.object.size_bytes, .crc32c = sidecar_.object.crc32c};
    return pace_(sidecar_.object.size_bytes);
  }

  // Damage of an upload is no damage of ours: it is tried again.
  Status VerifyUpload(const std::string& key, const io::ObjectDigest& expected) {
    const Status verified = io::VerifyObject(tier_.store(), key, expected);
    if (verified.code() != StatusCode::kCorruption) return verified;
    return Status::Unavailable("upload did not arrive whole: ", verified.message());
  }

  Status KeepSidecar() {
    const Bytes bytes = EncodeColdSidecar(sidecar_);
    record_.file_bytes = bytes.size();
    record_.footer_crc = ColdSidecarCrc(bytes);
    ColdMetrics::Get().uploaded_bytes.Add(bytes.size());
    const std::string key = ColdSidecarKey(key_);
    LUMA_RETURN_IF_ERROR(tier_.store().Put(key, bytes));
    LUMA_FAILPOINT("cold.after_sidecar_upload");
    LUMA_RETURN_IF_ERROR(VerifyUpload(key, {.size_bytes = bytes.size(), .crc32c = Crc32c(bytes)}));
    LUMA_RETURN_IF_ERROR(
        io::WriteFileAtomically(tier_.fs(), tier_.directory().cold_file(record_.file_name), bytes));
    LUMA_FAILPOINT("cold.after_sidecar");
    return pace_(bytes.size());
  }

  void RemoveFile(const io::Path& path) {
    const Status removed = tier_.fs().Remove(path);
    if (removed.ok() || removed.code() == StatusCode::kNotFound) return;
    LUMA_LOG(kWarn, "storage", "file of the cold tier stays: {}", removed.message());
  }

  ColdTier& tier_;
  const CoolRequest& request_;
  const MergePace& pace_;
  const StoredRun& run_;
  const io::Path file_path_;
  const std::string key_;
  ColdSidecar sidecar_;
  RunRecord record_;
  std::shared_ptr<const ColdBytes> file_;
  bool is_upload_begun_ = false;
  bool is_done_ = false;
};

}  // namespace

Result<CooledRun> CoolRun(ColdTier& tier, const CoolRequest& request, MemoryBudget& budget,
                          const MergePace& pace) {
  return Cooling(tier, request, pace).Run(budget);
}

}  // namespace luma::storage
