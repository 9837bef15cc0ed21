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
  RowGatherer(const HotRun& run, uint32_t rows) : columns_(*run.columns()) {
    for (uint32_t block = 0; block < run.BlockCount(rows); ++block) {
      blocks_.push_back(run.BlockColumns(block, rows, owners_));
      starts_.push_back(run.BlockStart(block));
      // Blocks start at multiples of 64, so the block of a position is found without searching.
      block_of_64_.resize((run.BlockStart(block) + run.BlockRows(block, rows) + 63) / 64, block);
    }
    for (const RunColumn& column : columns_) {
      values_.emplace_back(size_t{kBlockRows} * ValueBytes(column.type));
      validity_.emplace_back(ValidityWords(kBlockRows));
    }
  }

  // At most kBlockRows positions. Valid until the next call.
  std::vector<ColumnSpan> Gather(std::span<const uint32_t> positions) {
    std::vector<ColumnSpan> spans;
    for (size_t i = 0; i < columns_.size(); ++i) spans.push_back(GatherColumn(i, positions));
    return spans;
  }

 private:
  ColumnSpan GatherColumn(size_t column, std::span<const uint32_t> positions) {
    CopyValuesByWidth(column, positions);
    return {.type = columns_[column].type,
            .count = static_cast<uint32_t>(positions.size()),
            .values = values_[column].data(),
            .validity = CopyValidity(column, positions) ? validity_[column].data() : nullptr};
  }

  void CopyValuesByWidth(size_t column, std::span<const uint32_t> positions) {
    switch (ValueBytes(columns_[column].type)) {
      case 1:
        return CopyValues<1>(column, positions);
      case 2:
        return CopyValues<2>(column, positions);
      case 4:
        return CopyValues<4>(column, positions);
      case 8:
        return CopyValues<8>(column, positions);
      default:
        return CopyValues<16>(column, positions);
    }
  }

  // The width is a constant so that a copy is a move and not a call.
  template <size_t kBytes>
  void CopyValues(size_t column, std::span<const uint32_t> positions) {
    std::byte* to = values_[column].data();
    for (const uint32_t position : positions) {
      const uint32_t block = block_of_64_[position / 64];
      const uint32_t row = position - starts_[block];
      std::memcpy(to, blocks_[block][column].values + row * kBytes, kBytes);
      to += kBytes;
    }
  }

  // False: none of the rows is null, and the words are unspecified.
  bool CopyValidity(size_t column, std::span<const uint32_t> positions) {
    const auto may_be_null = [column](const std::vector<ColumnSpan>& block) {
      return block[column].validity != nullptr;
    };
    if (std::ranges::none_of(blocks_, may_be_null)) return false;
    std::vector<uint64_t>& validity = validity_[column];
    std::ranges::fill(validity, ~uint64_t{0});
    bool has_nulls = false;
    for (uint32_t i = 0; i < positions.size(); ++i) {
      const uint32_t block = block_of_64_[positions[i] / 64];
      if (!blocks_[block][column].IsNull(positions[i] - starts_[block])) continue;
      validity[i / 64] &= ~(uint64_t{1} << (i % 64));
      has_nulls = true;
    }
    return has_nulls;
  }

  const RunColumns columns_;
  std::vector<std::vector<ColumnSpan>> blocks_;
  std::vector<std::shared_ptr<const void>> owners_;
  std::vector<uint32_t> starts_;
  std::vector<uint32_t> block_of_64_;
  std::vector<encoding::AlignedBuffer> values_;
  std::vector<std::vector<uint64_t>> validity_;
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

std::vector<uint32_t> Inverse(const std::vector<uint32_t>& order) {
  std::vector<uint32_t> inverse(order.size());
  for (uint32_t i = 0; i < order.size(); ++i) inverse[order[i]] = i;
  return inverse;
}

}  // namespace

DeleteBitmapPtr FlushedRun::Remap(const DeleteBitmapPtr& deletes) const {
  if (deletes == nullptr || new_position_of.empty()) return deletes;
  auto remapped = std::make_shared<DeleteBitmap>();
  deletes->ForEach([&](uint32_t position) { remapped->Add(new_position_of[position]); });
  return remapped;
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
  flushed.new_position_of = Inverse(order);
  return flushed;
}

}  // namespace luma::storage
