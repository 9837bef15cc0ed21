// Metrics over the storage engine: what writes and reads luma.series and luma.samples
// (docs/formats/metrics_tables.md).
#pragma once

#include <memory>

#include "model/metrics_source.h"
#include "storage/engine.h"
#include "storage/metrics/metrics_reader.h"
#include "storage/metrics/metrics_writer.h"
#include "storage/metrics/series_registry.h"

namespace luma::storage {

struct MetricsStats {
  MetricsWriterStats writes;
  uint64_t series = 0;
  uint64_t series_bytes = 0;  // of the registry; takes milliseconds per million series to find out
};

// Threads: every method from any thread. Lifetime: the engine outlives it; destroy it before the
// engine is closed. At most one per engine.
class MetricsStore final : public MetricsSink, public MetricsSource {
 public:
  // Reads luma.series, and the zone maps of luma.samples: about a second per million series.
  // Errors: kCorruption when the tables break their rules, and those of reading.
  static Result<std::unique_ptr<MetricsStore>> Open(MultiTierStorage& engine,
                                                    MetricsOptions options = {});

  void Write(const SeriesBatch& batch, WriteCallback done) override {
    writer_.Write(batch, std::move(done));
  }
  void FindSeries(std::span<const Hash128> hashes, std::span<SeriesId> ids) const override {
    registry_->FindSeries(hashes, ids);
  }

  Result<std::vector<SeriesSamples>> Select(const Matchers& matchers, TimeRange range,
                                            const ReadLimits& limits) const override {
    return reader_.Select(matchers, range, limits);
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

  // For the SQL relations `samples` and metrics.<name>.
  const SeriesRegistry& registry() const { return *registry_; }
  MetricsStats Stats() const;

 private:
  MetricsStore(MultiTierStorage& engine, std::unique_ptr<SeriesRegistry> registry,
               MetricsOptions options, uint64_t next_series, UnixMillis floor)
      : registry_(std::move(registry)),
        reader_(engine, *registry_),
        writer_(engine, *registry_, options, next_series, floor) {}

  const std::unique_ptr<SeriesRegistry> registry_;
  const MetricsReader reader_;
  MetricsWriter writer_;
};

}  // namespace luma::storage
