// Rows of luma.rollups: docs/formats/metrics_tables.md.
#pragma once

#include <cstdint>
#include <span>

#include "model/rollup.h"
#include "storage/row_buffer.h"

namespace luma::storage {

inline constexpr ColumnId kResolutionColumn{3};
// Every resolution divides this.
inline constexpr int64_t kDayMillis = 86'400'000;

struct RollupRow {
  uint64_t series = 0;
  UnixMillis ts = 0;  // end of the bucket
  int64_t resolution_ms = 0;
  Rollup rollup;
};

RowBuffer MakeRollupRows(std::span<const RollupRow> rows);

}  // namespace luma::storage
