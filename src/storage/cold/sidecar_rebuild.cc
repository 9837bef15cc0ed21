#include "storage/cold/sidecar_rebuild.h"

#include <algorithm>
#include <utility>

#include "base/crc32c.h"
#include "base/log.h"
#include "storage/cold/block_zone.h"
#include "storage/cold/cold_keys.h"
#include "storage/cold/cold_object.h"
#include "storage/decoded_column.h"

namespace luma::storage {
namespace {

constexpr uint64_t kFetchBytes = 4 << 20;
constexpr uint64_t kFreeBytesMin = 256 << 20;  // that the disk must have left
constexpr uint64_t kTextBytes = 32;            // of a string beside its reference

// A copy of an object on the local disk, for as long as it is looked at.
class LocalCopy {
 public:
  LocalCopy(const ColdTier& tier, const RunRecord& record)
      : tier_(tier),
        object_(*record.cold),
        path_(tier.directory().cold_file(record.file_name + ".new")) {}
  ~LocalCopy() {
    const Status removed = tier_.fs().Remove(path_);
    if (removed.ok() || removed.code() == StatusCode::kNotFound) return;
    LUMA_LOG(kWarn, "storage", "copy of a cold object stays: {}", removed.message());
  }

  Result<std::shared_ptr<const ColdFileBytes>> Fetch() {
    LUMA_RETURN_IF_ERROR(CheckRoom());
    LUMA_ASSIGN_OR_RETURN(const auto file, tier_.fs().Create(path_, io::CreateMode::kTruncate));
    for (uint64_t offset = 0; offset < object_.bytes; offset += kFetchBytes) {
      const uint64_t length = std::min(kFetchBytes, object_.bytes - offset);
      LUMA_ASSIGN_OR_RETURN(const Bytes piece, tier_.GetRange(object_.key, offset, length));
      LUMA_RETURN_IF_ERROR(file->Append(piece));
    }
    LUMA_RETURN_IF_ERROR(file->Close());
    return ColdFileBytes::Open(tier_.fs(), path_);
  }

 private:
  Status CheckRoom() const {
    LUMA_ASSIGN_OR_RETURN(const uint64_t free, tier_.fs().FreeBytes(tier_.directory().cold()));
    if (free >= object_.bytes && free - object_.bytes >= kFreeBytesMin) return Status::Ok();
    return Status::DiskFull("no room to rebuild a cold sidecar: needed=", object_.bytes,
                            " free=", free, " to_stay_free=", kFreeBytesMin);
  }

  const ColdTier& tier_;
  const ColdObjectRecord& object_;
  const io::Path path_;
};

ColumnSchema SchemaOf(const ColdColumn& column) {
  ColumnSchema schema;
  schema.id = column.id;
  schema.name = column.name;
  schema.physical_type = column.physical_type;
  schema.logical_type = column.logical_type;
  return schema;
}

// The zone maps of one row group of one column.
Status AddZones(const ColdFile& file, size_t column, uint32_t group, ColdSidecar& sidecar) {
  const ColumnSchema schema = SchemaOf(sidecar.columns[column]);
  LUMA_ASSIGN_OR_RETURN(const DecodedBlockPtr values,
                        file.ReadGroup(sidecar.columns[column], group));
  const uint32_t first = group * kColdBlocksPerGroup;
  const uint32_t end = std::min(first + kColdBlocksPerGroup, sidecar.block_count());
  for (uint32_t block = first; block < end; ++block) {
    const uint32_t first_row = (block - first) * kBlockRows;
    const uint32_t rows = sidecar.BlockRows(block);
    if (first_row + rows > values->row_count()) {
      return Status::Corruption("row group of a cold object has other rows: group=", group);
    }
    LUMA_ASSIGN_OR_RETURN(const ColumnBlock part, ColumnBlockOf(schema, values, first_row, rows));
    sidecar.zones[size_t{block} * sidecar.columns.size() + column] = ZoneOf(part);
  }
  return Status::Ok();
}

}  // namespace

Result<ColdSidecar> RebuildSidecar(const ColdTier& tier, ObjectId table, const RunRecord& record,
                                   MemoryBudget& budget) {
  LUMA_LOG(kWarn, "storage", "cold sidecar is rebuilt from its object: {}", record.cold->key);
  LUMA_ASSIGN_OR_RETURN(
      const BudgetLease memory,
      budget.Book(BudgetUse::kMerge,
                  kFetchBytes + 2 * kColdGroupRows * (sizeof(StringRef) + kTextBytes)));
  LocalCopy copy(tier, record);
  LUMA_ASSIGN_OR_RETURN(const auto bytes, copy.Fetch());
  LUMA_ASSIGN_OR_RETURN(ColdDigests digests, DigestOf(*bytes));
  if (digests.object != io::ObjectDigest{record.cold->bytes, record.cold->crc32c}) {
    return Status::Corruption("object has other bytes than were put: key=", record.cold->key);
  }
  LUMA_ASSIGN_OR_RETURN(const auto file, tier.format().Open(bytes, record.row_count));
  ColdSidecar sidecar;
  sidecar.table_id = table;
  sidecar.run_id = record.id;
  sidecar.writer_epoch = EpochOfColdKey(record.cold->key).value_or(0);
  sidecar.row_count = record.row_count;
  sidecar.object = digests.object;
  sidecar.piece_crc32c = std::move(digests.piece_crc32c);
  LUMA_ASSIGN_OR_RETURN(sidecar.columns, file->Columns());
  sidecar.zones.resize(size_t{sidecar.block_count()} * sidecar.columns.size());
  for (size_t column = 0; column < sidecar.columns.size(); ++column) {
    for (uint32_t group = 0; group < sidecar.group_count(); ++group) {
      LUMA_RETURN_IF_ERROR(AddZones(*file, column, group, sidecar));
    }
  }
  return sidecar;
}

}  // namespace luma::storage
