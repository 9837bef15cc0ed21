#include "storage/run_flush.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "base/failpoint.h"
#include "storage/hot/hot_run.h"
#include "storage/hot/row_order.h"
#include "storage/warm/new_segment.h"

namespace luma::storage {
namespace {

// Collects the rows at any positions of a hot run into arrays, one block at a time.
class RowGatherer {
 public:
  RowGatherer(const HotRun& run, uint32_t rows) {
    for (const RunColumn& column : *run.columns()) columns_.emplace_back(column.type);
    for (uint32_t block = 0; block < run.BlockCount(rows); ++block) {
      const std::vector<ColumnSpan> spans = run.BlockColumns(block, rows, owners_);
      for (size_t i = 0; i < columns_.size(); ++i) columns_[i].AddSource(spans[i]);
    }
  }

  // At most kBlockRows positions. Valid until the next call.
  std::vector<ColumnSpan> Gather(std::span<const uint32_t> positions) {
    std::vector<ColumnSpan> spans;
    for (Column& column : columns_) spans.push_back(column.Gather(positions));
    return spans;
  }

 private:
  class Column {
   public:
    explicit Column(PhysicalType type)
        : type_(type),
          values_(size_t{kBlockRows} * ValueBytes(type)),
          validity_(ValidityWords(kBlockRows)) {}

    void AddSource(const ColumnSpan& block) {
      for (uint32_t first = 0; first < block.count; first += 64) {
        from_.push_back(block.values + size_t{first} * ValueBytes(type_));
        validity_from_.push_back(block.validity == nullptr ? ~uint64_t{0}
                                                           : block.validity[first / 64]);
      }
      may_be_null_ = may_be_null_ || block.validity != nullptr;
    }

    ColumnSpan Gather(std::span<const uint32_t> positions) {
      CopyValuesByWidth(positions);
      return {.type = type_,
              .count = static_cast<uint32_t>(positions.size()),
              .values = values_.data(),
              .validity = CopyValidity(positions) ? validity_.data() : nullptr};
    }

   private:
    void CopyValuesByWidth(std::span<const uint32_t> positions) {
      switch (ValueBytes(type_)) {
        case 1:
          return CopyValues<1>(positions);
        case 2:
          return CopyValues<2>(positions);
        case 4:
          return CopyValues<4>(positions);
        case 8:
          return CopyValues<8>(positions);
        default:
          return CopyValues<16>(positions);
      }
    }

    // The width is a constant so that a copy is a move and not a call.
    template <size_t kBytes>
    void CopyValues(std::span<const uint32_t> positions) {
      std::byte* to = values_.data();
      for (const uint32_t position : positions) {
        std::memcpy(to, from_[position / 64] + position % 64 * kBytes, kBytes);
        to += kBytes;
      }
    }

    // False: none of the rows is null, and the words are unspecified.
    bool CopyValidity(std::span<const uint32_t> positions) {
      if (!may_be_null_) return false;
      std::ranges::fill(validity_, ~uint64_t{0});
      bool has_nulls = false;
      for (uint32_t i = 0; i < positions.size(); ++i) {
        const uint64_t is_valid = validity_from_[positions[i] / 64] >> (positions[i] % 64) & 1;
        if (is_valid != 0) continue;
        validity_[i / 64] &= ~(uint64_t{1} << (i % 64));
        has_nulls = true;
      }
      return has_nulls;
    }

    PhysicalType type_;
    // Blocks start at multiples of 64, so 64 positions lie together: their values and validity.
    std::vector<const std::byte*> from_;
    std::vector<uint64_t> validity_from_;
    bool may_be_null_ = false;
    encoding::AlignedBuffer values_;
    std::vector<uint64_t> validity_;
  };

  std::vector<Column> columns_;
  std::vector<std::shared_ptr<const void>> owners_;
};

std::vector<const ColumnSchema*> KeyOf(const TableSchema& schema) {
  std::vector<const ColumnSchema*> columns;
  for (const ColumnId id : schema.sort_key) {
    const ColumnSchema* const column = schema.FindColumn(id);
    if (column == nullptr) break;  // dropped: sorted by those before it
    columns.push_back(column);
  }
  return columns;
}

// What SortedOrder takes, and the order itself.
uint64_t SortBytes(std::span<const ColumnSchema* const> key, uint32_t rows) {
  uint64_t row_bytes = 2 * sizeof(uint32_t);
  for (const ColumnSchema* const column : key) {
    const size_t width = ValueBytes(column->physical_type);
    row_bytes += column->physical_type == PhysicalType::kBytes ? 24 : std::max<size_t>(8, width);
  }
  return row_bytes * rows;
}

Result<std::vector<uint32_t>> OrderOnDisk(std::span<const ColumnSchema* const> key,
                                          const RunVersion& run) {
  if (key.empty()) return std::vector<uint32_t>();
  return SortedOrder(run, key);
}

// Rows of different series, or of whatever the table is sorted by first, are not alike.
std::optional<size_t> GroupColumn(const TableSchema& schema, const RunColumns& columns) {
  if (schema.sort_key.empty()) return std::nullopt;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].id != schema.sort_key[0]) continue;
    return columns[i].type == PhysicalType::kBytes ? std::nullopt : std::optional(i);
  }
  return std::nullopt;
}

SegmentHeader HeaderOf(const CatalogObject& table, const HotRun& run, uint64_t writer_epoch) {
  SegmentHeader header{
      .identity = {.table_id = table.id, .run_id = run.id(), .writer_epoch = writer_epoch},
      .columns = {},
      .group_column = GroupColumn(*table.table, *run.columns())};
  for (const RunColumn& column : *run.columns()) header.columns.push_back({column.id, column.type});
  return header;
}

Status WriteRows(SegmentWriter& writer, const HotRun& run, uint32_t rows,
                 std::span<const uint32_t> order) {
  RowGatherer gatherer(run, rows);
  for (uint32_t first = 0; first < rows; first += kBlockRows) {
    const uint32_t count = std::min(kBlockRows, rows - first);
    LUMA_RETURN_IF_ERROR(writer.Append(gatherer.Gather(order.subspan(first, count))));
    LUMA_FAILPOINT("flush.after_block");
  }
  return Status::Ok();
}

}  // namespace

DeleteBitmapPtr FlushedRun::Remap(const DeleteBitmapPtr& deletes) const {
  if (deletes == nullptr || !is_resorted()) return deletes;
  auto remapped = std::make_shared<DeleteBitmap>();
  for (uint32_t row = 0; row < order.size(); ++row) {
    if (deletes->Contains(order[row])) remapped->Add(row);
  }
  return remapped;
}

std::vector<uint32_t> FlushedRun::NewPositions() const {
  std::vector<uint32_t> positions(order.size());
  for (uint32_t row = 0; row < order.size(); ++row) positions[order[row]] = row;
  return positions;
}

Result<FlushedRun> FlushRun(io::FileSystem& fs, const DataDirectory& directory,
                            const CatalogObject& table, const RunVersion& run,
                            const std::string& file_name, uint64_t writer_epoch,
                            MemoryBudget& budget, BlockCache* cache) {
  LUMA_FAILPOINT("flush.before_segment");
  const auto& hot = static_cast<const HotRun&>(*run.run());
  const io::Path path = directory.segment(file_name);
  const auto key = KeyOf(*table.table);
  const auto sort_memory = budget.BookAlways(BudgetUse::kFlush, SortBytes(key, run.row_count()));
  LUMA_ASSIGN_OR_RETURN(std::vector<uint32_t> order, OrderOnDisk(key, run));
  const bool keeps_order = order.empty();
  if (keeps_order) {
    order.resize(run.row_count());
    std::iota(order.begin(), order.end(), 0);
  }
  LUMA_ASSIGN_OR_RETURN(auto writer,
                        SegmentWriter::Create(fs, path, HeaderOf(table, hot, writer_epoch),
                                              {.second_pass_zstd = true}));
  LUMA_RETURN_IF_ERROR(WriteRows(*writer, hot, run.row_count(), order));
  LUMA_FAILPOINT("flush.before_finish");
  LUMA_ASSIGN_OR_RETURN(const NewSegment written,
                        FinishAndOpen(fs, path, *writer, table.id, run.id()));
  const SegmentFileInfo& info = written.info;

  FlushedRun flushed;
  flushed.table = table.id;
  flushed.run = std::make_shared<const WarmRun>(fs, file_name, info.file_bytes, keeps_order ? 0 : 1,
                                                written.reader, cache);
  flushed.record = {.id = run.id(),
                    .row_count = info.row_count,
                    .file_name = file_name,
                    .file_bytes = info.file_bytes,
                    .footer_crc = info.footer_crc,
                    .delete_bitmap = {}};
  if (keeps_order) return flushed;
  flushed.memory = budget.BookAlways(BudgetUse::kFlush, order.size() * sizeof(uint32_t));
  flushed.order = std::move(order);
  return flushed;
}

}  // namespace luma::storage
