// Metrics over the storage engine: what writes and reads luma.series, luma.samples and the tables
// beside it (docs/formats/metrics_tables.md).
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "model/exemplar_source.h"
#include "model/forwarding_metrics_source.h"
#include "model/metrics_admin.h"
#include "model/metrics_source.h"
#include "storage/background_thread.h"
#include "storage/engine.h"
#include "storage/maintenance.h"
#include "storage/metrics/downsampler.h"
#include "storage/metrics/metrics_reader.h"
#include "storage/metrics/metrics_writer.h"
#include "storage/metrics/retired/retired_series.h"
#include "storage/metrics/retired/returning_series.h"
#include "storage/metrics/retired/series_retirer.h"
#include "storage/metrics/sample_deleter.h"
#include "storage/metrics/sample_retention.h"
#include "storage/metrics/series_directory.h"
#include "storage/metrics/series_registry.h"
#include "storage/metrics/series_sweeper.h"

namespace luma::storage {

inline constexpr int kRetentionNiceness = 10;  // what has expired can wait

struct MetricsStats {
  MetricsWriterStats writes;
  uint64_t series = 0;        // active
  uint64_t series_bytes = 0;  // of the registry; takes milliseconds per million series to find out
};

// Threads: every method from any thread. Lifetime: the engine outlives it; destroy it before the
// engine is closed. At most one per engine.
class MetricsStore final : public MetricsSink,
                           public ForwardingMetricsSource,
                           public ExemplarSource,
                           public MetricsAdmin {
 public:
  // Reads luma.series, of retired series only the ids, and the zone maps of the others: about a
  // second per million active series. To be called right after the engine has opened: see
  // open_retired_series.h.
  // Errors: kCorruption when the tables break their rules, and those of reading.
  static Result<std::unique_ptr<MetricsStore>> Open(MultiTierStorage& engine,
                                                    MetricsOptions options = {});

  ~MetricsStore() override { CancelWork(); }

  void Write(const SeriesBatch& batch, WriteCallback done) override {
    writer_.Write(batch, std::move(done));
  }
  void FindSeries(std::span<const Hash128> hashes, std::span<SeriesId> ids) const override {
    registry_->FindSeries(hashes, ids);
  }

  Result<std::vector<SeriesExemplars>> Exemplars(std::span<const Matchers> selectors,
                                                 TimeRange range,
                                                 const ReadLimits& limits) const override {
    return reader_.Exemplars(selectors, range, limits);
  }

  Result<uint64_t> DeleteSamples(const std::vector<Matchers>& selectors, TimeRange range) override;
  Status CleanTombstones() override { return engine_.maintenance().CleanDeleted(); }
  void ConfirmClock() override { engine_.maintenance().expiry_clock().Confirm(); }

  // Deletes, downsampling and retirement under way and later ones end with kCancelled: the server
  // stops.
  void CancelWork() {
    deleter_.Cancel();
    downsampler_.Cancel();
    retirer_.Cancel();
  }

  // Retention by label selector, and removal of series without samples: a pass now, and from
  // StartRetention on one every ten minutes in the background. Errors: see SampleRetention.
  void SetRetentionRules(std::vector<RetentionRule> rules) {
    retention_.SetRules(std::move(rules));
  }
  Status Expire();
  void StartRetention();

  // Series without recent samples leave memory (storage/metrics/retired): a pass now, and from
  // StartRetirement on in the background. Gives how many left. Errors: see SeriesRetirer.
  Result<uint64_t> RetireSeries() { return retirer_.Pass(); }
  void StartRetirement();

  // Downsampling: a pass now, and from StartDownsampling on one every `interval` in the background.
  // A change holds from the next pass on.
  void SetDownsampling(std::vector<DownsamplingRule> rules, std::chrono::milliseconds interval) {
    downsampler_.SetRules(std::move(rules));
    downsampling_interval_ = interval;
  }
  Status Downsample() { return downsampler_.Pass(); }
  void StartDownsampling();

  // From now on these hold; see MetricsWriter::SetLimits.
  void SetLimits(const CardinalityLimits& limits) { writer_.SetLimits(limits); }
  const CardinalityCounts& cardinality() const { return writer_.cardinality(); }

  // All series, wherever they are.
  const SeriesDirectory& directory() const { return directory_; }
  // The active series alone.
  const SeriesRegistry& registry() const { return *registry_; }
  RetiredStats retired_stats() const { return retired_->stats(); }
  uint64_t series_retired() const { return retirer_.retired(); }
  uint64_t series_returned() const { return returning_.returned(); }
  MetricsStats Stats() const;
  MetricsWriterStats write_stats() const { return writer_.stats(); }
  uint64_t samples_deleted() const { return samples_deleted_; }  // on request or by rules
  RollupCounts rolled_up() const { return downsampler_.totals(); }
  uint64_t series_removed() const { return sweeper_.removed(); }  // that had no samples
  uint64_t series_sweeps() const { return sweeper_.sweeps(); }    // looks for them at all series

 private:
  const MetricsSource& source() const override { return reader_; }

  MetricsStore(MultiTierStorage& engine, std::unique_ptr<SeriesRegistry> registry,
               std::unique_ptr<RetiredSeries> retired, const MetricsOptions& options,
               const MetricsWriter::Start& start)
      : engine_(engine),
        registry_(std::move(registry)),
        retired_(std::move(retired)),
        directory_(*registry_, *retired_, start.floor),
        returning_(engine, *registry_, *retired_),
        reader_(engine, directory_),
        writer_(engine, *registry_, returning_, options, start),
        deleter_(engine, *registry_, options.conflict_wait_max),
        sweeper_(engine, *registry_, *retired_, writer_, [this] { return ReplacedRows(); }),
        retention_(engine, directory_, deleter_, sweeper_),
        retirer_(engine, *registry_, *retired_, writer_, options.retirement.after),
        retirement_interval_(RetirementInterval(options.retirement.after)),
        downsampler_(engine, directory_, options.conflict_wait_max) {}

  static std::chrono::milliseconds RetirementInterval(std::chrono::milliseconds after);
  // Rows deleted so far in commits that left their series others.
  uint64_t ReplacedRows() const {
    const RollupCounts rolled_up = downsampler_.totals();
    return rolled_up.samples_in + rolled_up.rollups_in + writer_.stats().samples_replaced;
  }

  MultiTierStorage& engine_;
  const std::unique_ptr<SeriesRegistry> registry_;
  const std::unique_ptr<RetiredSeries> retired_;
  const SeriesDirectory directory_;
  ReturningSeries returning_;
  const MetricsReader reader_;
  MetricsWriter writer_;
  SampleDeleter deleter_;
  SeriesSweeper sweeper_;
  SampleRetention retention_;
  SeriesRetirer retirer_;
  const std::chrono::milliseconds retirement_interval_;
  Downsampler downsampler_;
  std::atomic<uint64_t> samples_deleted_{0};
  std::atomic<std::chrono::milliseconds> downsampling_interval_{std::chrono::minutes(10)};
  // Last: they use the rest.
  BackgroundThread retention_thread_{"sample retention", kRetentionNiceness};
  BackgroundThread retirement_thread_{"series retirement", kRetentionNiceness};
  BackgroundThread downsampling_thread_{"downsampling", kRetentionNiceness};
};

}  // namespace luma::storage
