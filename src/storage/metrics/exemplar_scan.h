// Reads the rows of luma.exemplars that belong to wanted series and a time range.
#pragma once

#include <chrono>
#include <functional>
#include <string_view>

#include "base/status.h"
#include "model/labels.h"
#include "model/sample.h"
#include "storage/metrics/series_filter.h"
#include "storage/table_snapshot.h"

namespace luma::storage {

inline constexpr ColumnId kExemplarLabelsColumn{4};  // docs/formats/metrics_tables.md

struct ExemplarRow {
  SeriesId series{};
  UnixMillis timestamp = 0;
  double value = 0;
  LabelsView labels;  // valid during the visit
};

struct ExemplarScan {
  const TableSnapshot* table = nullptr;
  const SeriesFilter* series = nullptr;
  TimeRange range;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  bool with_cold_runs = true;

  // Calls `visit` with every wanted row, oldest run first, and stops at the first error. Errors:
  // those of `visit`, kTimeout, kIoError, kCorruption.
  Status Run(const std::function<Status(const ExemplarRow&)>& visit) const;
};

}  // namespace luma::storage
