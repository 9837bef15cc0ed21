// Which runs of a table are merged next: docs/adr/0003-merges-keep-the-id-of-their-youngest-run.md.
// Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/schema.h"
#include "storage/run_version.h"
#include "storage/table_snapshot.h"
#include "storage/table_version.h"
#include "storage/zone_map.h"

namespace luma::storage {

struct MergePolicy {
  // A merge has at least and at most so many inputs. A group needs a few of one size to be worth
  // its writes; each input holds a block of every column in memory.
  size_t inputs_min = 8;
  size_t inputs_max = 16;
  // Of all live bytes of a group, what its largest run may have. So every rewrite makes the run
  // that a row lies in four times larger, which bounds write amplification. Simulated, a day of 288
  // flushes: with (8, 0.25) each byte is written 3.3 times and there are 7 runs on average; with
  // (4, 0.4) 4.7 times and 5 runs.
  double largest_share_max = 0.25;
  // The same in partitions older than that of the youngest run: they get few more rows and are read
  // from then on. A run from the future thus closes no other partition but for a moment.
  size_t closed_inputs_min = 2;
  double closed_largest_share_max = 0.6;
  // The same where there are more runs than this, of a size that inputs_max of them may be merged.
  // Sizes that differ widely may form no group of the first kind, ever: one flush in seven that is
  // a hundred times larger than the others is enough. Simulated: even sizes stay below 20 runs.
  size_t runs_max = 32;
  // A run that has lost this share of its rows is rewritten alone.
  double rewrite_deleted_share = 0.5;
  uint64_t output_bytes_max = 1ull << 30;
  uint32_t output_rows_max = 1u << 30;
  uint64_t memory_bytes_max = 64ull << 20;  // of the inputs' blocks; lowers inputs_max
  uint64_t free_bytes_min = 256ull << 20;   // that the disk must have left after a merge
};

// What the policy knows of a run.
struct RunSize {
  RunId id{};
  uint32_t rows = 0;
  uint32_t deleted_rows = 0;
  uint64_t file_bytes = 0;
  int64_t partition = 0;  // only runs of one partition are merged
  bool is_cold = false;   // only rewritten for its deleted rows
  // Cold, and its sidecar is not here: it may have rows of any partition.
  bool is_anywhere = false;

  uint64_t live_rows() const { return rows - deleted_rows; }
  // Of the file's bytes, the share of its live rows.
  uint64_t live_bytes() const;
};

// `runs` in order of id, all of them on disk and needed by no replay. Empty: nothing to do.
// One id: that run is to be rewritten without its deleted rows. Properties:
//  (1) The chosen runs are of one partition and have no other run in between that may have live
//      rows of it, cold ones included. If there are several, none is cold.
//  (2) The limits of the policy hold.
std::vector<RunId> PickMerge(const MergePolicy& policy, std::span<const RunSize> runs);

// The policy for runs of this table: wide rows mean fewer inputs.
MergePolicy PolicyFor(MergePolicy policy, const TableSchema& schema);

// By what a table is partitioned.
struct PartitionColumn {
  ColumnId id{};
  int64_t ticks_per_day = 0;
};
// The last column of a sort key of several columns, if it is a timestamp.
std::optional<PartitionColumn> FindPartitionColumn(const TableSchema& schema);
// Days since 1970-01-01 of the newest row; 0 when no row has a time. The run has zone maps.
int64_t PartitionOf(const RunVersion& run, const PartitionColumn& column);

// The runs of a table that are on disk or cold and have an id below `before`, in order of id.
std::vector<RunSize> SizesOf(const TableSchema& schema, const TableVersion& version, RunId before);

}  // namespace luma::storage
