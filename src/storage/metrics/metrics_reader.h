// Answers the questions of MetricsSource from the series and the rows of samples and rollups.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/exemplar_source.h"
#include "model/metrics_source.h"
#include "storage/engine.h"
#include "storage/metrics/series_directory.h"
#include "storage/metrics/snapshot_series.h"
#include "storage/table_reader.h"

namespace luma::storage {

// Threads: every method from any thread. Lifetime: engine and directory outlive it.
// Memory: results are booked on ReadLimits::memory, for as long as the caller keeps that; without
// it, samples are booked on the budget while they are collected.
class MetricsReader final : public MetricsSource, public ExemplarSource {
 public:
  // With `tables` it reads the tables so, and the newest commit at each call without.
  MetricsReader(MultiTierStorage& engine, const SeriesDirectory& series, TableReader tables = {})
      : engine_(engine), series_(engine, series, tables), tables_(std::move(tables)) {}

  // Which series have samples in a range is exact here, not only near it, but for a newest sample
  // that SQL or the end of its retention has taken: see SeriesDirectory::NewestIn.
  Result<std::vector<SeriesSamples>> Select(const Matchers& matchers, TimeRange range,
                                            const ReadLimits& limits) const override;
  Result<std::unique_ptr<SeriesParts>> SelectParts(const Matchers& matchers, TimeRange range,
                                                   const ReadLimits& limits) const override;
  Result<std::vector<Labels>> Series(const Matchers& matchers, TimeRange range,
                                     const ReadLimits& limits) const override;
  Result<std::vector<std::string>> LabelNames(const Matchers& matchers, TimeRange range,
                                              const ReadLimits& limits) const override;
  Result<std::vector<std::string>> LabelValues(std::string_view name, const Matchers& matchers,
                                               TimeRange range,
                                               const ReadLimits& limits) const override;
  Result<std::vector<SeriesExemplars>> Exemplars(std::span<const Matchers> selectors,
                                                 TimeRange range,
                                                 const ReadLimits& limits) const override;

 private:
  // That may have samples in `range`.
  Result<SeriesBitmap> Matching(const Matchers& matchers, TimeRange range,
                                const ReadLimits& limits) const;
  // Matching series that have a sample in `range`.
  Result<SeriesBitmap> MatchingIn(const Matchers& matchers, TimeRange range,
                                  const ReadLimits& limits) const;
  // Those of `ids` that have a row in `range`.
  Result<SeriesBitmap> WithRowsIn(const SeriesBitmap& ids, TimeRange range,
                                  const ReadLimits& limits) const;

  MultiTierStorage& engine_;
  const SnapshotSeries series_;
  const TableReader tables_;  // may be empty
};

}  // namespace luma::storage
