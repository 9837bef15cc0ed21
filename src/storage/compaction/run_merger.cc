#include "storage/compaction/run_merger.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/failpoint.h"
#include "storage/compaction/merge_batch.h"
#include "storage/compaction/merge_input.h"
#include "storage/warm/new_segment.h"

namespace luma::storage {
namespace {

// One sync of a whole large file at the end would hold up those of the log.
constexpr uint64_t kSyncBytes = 8ull << 20;

MergeColumns ColumnsOf(const TableSchema& schema) {
  MergeColumns found;
  for (const ColumnSchema& column : schema.columns) {
    if (!column.is_generated()) found.columns.push_back(&column);
  }
  for (const ColumnId id : schema.sort_key) {
    const auto at = std::ranges::find(found.columns, id, &ColumnSchema::id);
    if (at == found.columns.end()) break;  // dropped: sorted by those before it
    found.key.push_back(static_cast<size_t>(at - found.columns.begin()));
  }
  return found;
}

SegmentHeader HeaderOf(const MergeRequest& request, const MergeColumns& columns) {
  SegmentHeader header{.identity = {.table_id = request.table->id,
                                    .run_id = request.inputs.back()->id(),
                                    .writer_epoch = request.writer_epoch},
                       .columns = {}};
  for (const ColumnSchema* const column : columns.columns) {
    header.columns.push_back({column->id, column->physical_type});
  }
  // Rows of different series, or of whatever the table is sorted by first, are not alike.
  const bool has_groups =
      !columns.key.empty() && header.columns[columns.key[0]].type != PhysicalType::kBytes;
  if (has_groups) header.group_column = columns.key[0];
  return header;
}

// Moves the rows of the inputs to the writer, block by block.
class Merge {
 public:
  Merge(const MergeRequest& request, const MergeColumns& columns, MergeBatch batch,
        SegmentWriter& writer, const MergePace& pace, MemoryBudget& budget, MergedRun& merged)
      : is_sorted_(!columns.key.empty()),
        batch_(std::move(batch)),
        writer_(writer),
        pace_(pace),
        merged_(merged) {
    for (const RunVersionPtr& run : request.inputs) {
      inputs_.push_back(std::make_unique<MergeInput>(inputs_.size(), run, columns, budget));
    }
  }

  Status Run() {
    LUMA_RETURN_IF_ERROR(is_sorted_ ? MergeByKey() : Concatenate());
    LUMA_RETURN_IF_ERROR(WriteBatch());
    for (const auto& input : inputs_) merged_.read_bytes += input->read_bytes();
    return Status::Ok();
  }

 private:
  // One input after the other, so that only one holds a block.
  Status Concatenate() {
    for (const auto& input : inputs_) {
      while (true) {
        LUMA_ASSIGN_OR_RETURN(const bool has_rows, input->Settle());
        if (!has_rows) break;
        LUMA_RETURN_IF_ERROR(Take(*input, nullptr));
      }
    }
    return Status::Ok();
  }

  Status MergeByKey() {
    const auto is_after = [](const MergeInput* a, const MergeInput* b) { return b->IsBefore(*a); };
    std::vector<MergeInput*> heap;  // the input with the first row on top
    const auto push_if_any = [&](MergeInput& input) -> Status {
      LUMA_ASSIGN_OR_RETURN(const bool has_rows, input.Settle());
      if (!has_rows) return Status::Ok();
      heap.push_back(&input);
      std::ranges::push_heap(heap, is_after);
      return Status::Ok();
    };
    for (const auto& input : inputs_) LUMA_RETURN_IF_ERROR(push_if_any(*input));
    while (!heap.empty()) {
      std::ranges::pop_heap(heap, is_after);
      MergeInput& first = *heap.back();
      heap.pop_back();
      LUMA_RETURN_IF_ERROR(Take(first, heap.empty() ? nullptr : heap.front()));
      LUMA_RETURN_IF_ERROR(push_if_any(first));
    }
    return Status::Ok();
  }

  // Takes the rows of the input's block that come before the current row of `bound`.
  Status Take(MergeInput& input, const MergeInput* bound) {
    const uint32_t end = input.EndBefore(bound);
    while (input.row() < end) {
      const uint32_t rows = std::min(input.LiveRows(end), batch_.room());
      if (rows == 0) {
        input.Skip(1);  // deleted
        continue;
      }
      LUMA_RETURN_IF_ERROR(batch_.Add(input.block(), input.row(), rows));
      input.Skip(rows);
      LUMA_RETURN_IF_ERROR(Note(input.number(), rows));
      if (batch_.room() == 0) LUMA_RETURN_IF_ERROR(WriteBatch());
    }
    return Status::Ok();
  }

  Status Note(size_t input, uint32_t rows) {
    const uint64_t bytes = merged_.order.memory_bytes_next();
    if (bytes > merged_.memory.bytes()) {
      LUMA_RETURN_IF_ERROR(merged_.memory.Grow(bytes - merged_.memory.bytes()));
    }
    merged_.order.Append(input, rows);
    return Status::Ok();
  }

  Status WriteBatch() {
    if (batch_.row_count() == 0) return Status::Ok();
    LUMA_RETURN_IF_ERROR(writer_.Append(batch_.Columns()));
    batch_.Clear();
    LUMA_FAILPOINT("compaction.after_block");
    const uint64_t before = std::exchange(written_bytes_, writer_.file_bytes());
    if (written_bytes_ - synced_bytes_ >= kSyncBytes) {
      LUMA_RETURN_IF_ERROR(writer_.Sync());
      synced_bytes_ = written_bytes_;
    }
    return pace_(written_bytes_ - before);
  }

  const bool is_sorted_;
  MergeBatch batch_;
  SegmentWriter& writer_;
  const MergePace& pace_;
  MergedRun& merged_;
  std::vector<std::unique_ptr<MergeInput>> inputs_;
  uint64_t written_bytes_ = 0;
  uint64_t synced_bytes_ = 0;
};

}  // namespace

DeleteBitmapPtr MergedRun::Remap(const std::vector<RunVersionPtr>& now) const {
  std::vector<DeleteBitmapPtr> merged_deletes;
  std::vector<DeleteBitmapPtr> deletes_now;
  for (const RunVersionPtr& input : inputs) merged_deletes.push_back(input->deletes());
  for (const RunVersionPtr& input : now) deletes_now.push_back(input->deletes());
  return order.Remap(merged_deletes, deletes_now);
}

Result<MergedRun> MergeRuns(io::FileSystem& fs, const DataDirectory& directory,
                            MergeRequest request, MemoryBudget& budget, const MergePace& pace,
                            BlockCache* cache) {
  LUMA_CHECK(!request.inputs.empty() && request.inputs.size() <= MergeOrder::kInputsMax);
  LUMA_FAILPOINT("compaction.before_segment");
  const MergeColumns columns = ColumnsOf(*request.table->table);
  const io::Path path = directory.segment(request.file_name);
  const RunPtr& last = request.inputs.back()->run();
  MergedRun merged;
  merged.table = request.table->id;
  LUMA_ASSIGN_OR_RETURN(merged.memory, budget.Book(BudgetUse::kMerge, 0));
  LUMA_ASSIGN_OR_RETURN(MergeBatch batch, MergeBatch::Create(columns.columns, budget));
  LUMA_ASSIGN_OR_RETURN(auto writer, SegmentWriter::Create(fs, path, HeaderOf(request, columns),
                                                           {.second_pass_zstd = true}));
  LUMA_RETURN_IF_ERROR(
      Merge(request, columns, std::move(batch), *writer, pace, budget, merged).Run());
  LUMA_FAILPOINT("compaction.before_finish");
  LUMA_ASSIGN_OR_RETURN(const NewSegment written,
                        FinishAndOpen(fs, path, *writer, merged.table, last->id()));
  merged.run =
      std::make_shared<const WarmRun>(fs, request.file_name, written.info.file_bytes,
                                      std::max(last->layout(), 1u) + 1, written.reader, cache);
  merged.record = {.id = last->id(),
                   .row_count = written.info.row_count,
                   .file_name = std::move(request.file_name),
                   .file_bytes = written.info.file_bytes,
                   .footer_crc = written.info.footer_crc,
                   .delete_bitmap = {}};
  merged.inputs = std::move(request.inputs);
  return merged;
}

}  // namespace luma::storage
