// Metrics as one reader sees the tables: what a SQL transaction asks PromQL about.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/metrics_source.h"
#include "storage/metrics/metrics_reader.h"

namespace luma::storage {

// Threads: as `tables`. Lifetime: engine and directory outlive it, and what `tables` reads from.
// A series that came after the snapshot has no samples in it, and so is not given.
class SnapshotSource final : public MetricsSource {
 public:
  SnapshotSource(MultiTierStorage& engine, const SeriesDirectory& series, TableReader tables)
      : reader_(engine, series, std::move(tables)) {}

  Result<std::vector<SeriesSamples>> Select(const Matchers& matchers, TimeRange range,
                                            const ReadLimits& limits) const override {
    return reader_.Select(matchers, range, limits);
  }
  Result<std::unique_ptr<SeriesParts>> SelectParts(const Matchers& matchers, TimeRange range,
                                                   const ReadLimits& limits) const override {
    return reader_.SelectParts(matchers, range, limits);
  }
  Result<std::vector<Labels>> Series(const Matchers& matchers, TimeRange range,
                                     const ReadLimits& limits) const override {
    return reader_.Series(matchers, range, limits);
  }
  Result<std::vector<std::string>> LabelNames(const Matchers& matchers, TimeRange range,
                                              const ReadLimits& limits) const override {
    return reader_.LabelNames(matchers, range, limits);
  }
  Result<std::vector<std::string>> LabelValues(std::string_view name, const Matchers& matchers,
                                               TimeRange range,
                                               const ReadLimits& limits) const override {
    return reader_.LabelValues(name, matchers, range, limits);
  }

 private:
  const MetricsReader reader_;
};

}  // namespace luma::storage
