// One target of the scraper: what a fetched page becomes in storage.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/metrics_source.h"
#include "model/series_batch.h"
#include "net/fetcher.h"
#include "prom/scrape/page_parser.h"
#include "prom/scrape/scrape_config.h"
#include "prom/scrape/target.h"

namespace luma::prom {

// One fetch: when it started and what came of it.
struct ScrapeAttempt {
  UnixMillis time = 0;
  std::chrono::nanoseconds duration{0};
  Result<net::FetchResponse> response;
};

// What a page had.
struct ScrapeCounts {
  uint64_t scraped = 0;       // samples of the page
  uint64_t kept = 0;          // of those: not dropped by metric_relabel_configs
  uint64_t series_added = 0;  // that the target has not had before
  uint64_t duplicates = 0;    // the same series twice: the first one counts
  uint64_t out_of_order = 0;  // own timestamps that go back; they are stored
  uint64_t exemplars = 0;
  uint64_t exemplars_refused = 0;  // with labels that cannot be, or too long ones
  uint64_t stored = 0;             // samples in the batch, of the page only
};

struct ScrapeResult {
  Status status;  // why the scrape failed
  ScrapeCounts counts;
  std::string metadata_lines;  // of a page that is not text
};

// Turns pages into batches as Prometheus does: labels of the target,
// honor_labels, relabeling, limits, its reports (`up`, `scrape_...`), and
// staleness markers for what the page before had and this one has not, or for
// everything when the scrape failed.
//
// A series met before is found by the hash of the bytes that stand for it on
// the page, which gives its id in storage: its labels are neither read nor
// kept. It takes some 100 bytes. Thread-compatible.
class ScrapeTarget {
 public:
  // The sink tells the ids of stored series. Lifetime: it outlives the target.
  ScrapeTarget(std::shared_ptr<const Target> target, ScrapeConfigPtr config,
               const MetricsSink& sink);

  // From now on this is the job. The target is the one before, with other
  // timing at most.
  void Use(std::shared_ptr<const Target> target, ScrapeConfigPtr config);

  // Without secrets that are in files.
  net::FetchRequest Request(uint64_t body_bytes_max) const;

  // Adds what the attempt yields to `batch`; it is to be stored whether the
  // scrape failed or not.
  ScrapeResult Process(const ScrapeAttempt& attempt, SeriesBatch& batch);
  // Adds staleness markers for all series, the target's own reports too: it is
  // not scraped any more.
  void End(UnixMillis time, SeriesBatch& batch);
  // Forgets every series: for when storage does not know ids any more that it
  // gave.
  void Forget();

  const Target& target() const { return *target_; }
  const ScrapeConfig& config() const { return *config_; }
  size_t series_count() const { return series_.size(); }

 private:
  struct Series {
    SeriesId id = kUnknownSeries;
    Hash128 hash;
    UnixMillis last_own_time = 0;
    uint32_t seen_round = 0;
    uint32_t tracked_round = 0;  // when it was last looked for staleness
  };
  static constexpr uint32_t kDropped = UINT32_MAX;
  static constexpr size_t kReports = 8;  // kReportNames

  Status ReadPage(const ScrapeAttempt& attempt, SeriesBatch& batch, ScrapeResult& result);
  Status ReadSamples(PageParser& parser, UnixMillis time, SeriesBatch& batch, ScrapeCounts& counts);
  // The place of the sample's series, kDropped for one that is not wanted.
  Result<uint32_t> FindSeries(PageParser& parser);
  Result<uint32_t> MeetSeries(PageParser& parser);
  Status MakeLabels(const std::vector<LabelRef>& scraped, LabelBuilder& labels) const;
  Status CheckLabels(const LabelBuilder& labels) const;
  Status CheckLabelLimits(const LabelBuilder& labels) const;
  Result<uint32_t> AddSeries(const LabelBuilder& labels);
  Status StoreSample(uint32_t place, PageParser& parser, UnixMillis time, SeriesBatch& batch,
                     ScrapeCounts& counts);
  bool IsRepeated(Series& series, const std::optional<UnixMillis>& own, ScrapeCounts& counts);
  void Start(uint32_t place, SeriesBatch& batch) const;

  void AddStaleMarker(uint32_t place, UnixMillis time, SeriesBatch& batch);
  void AddReports(const ScrapeAttempt& attempt, const ScrapeResult& result, SeriesBatch& batch);
  void AddReport(size_t report, double value, UnixMillis time, SeriesBatch& batch);
  void ResolveIds();
  void ForgetUnseen();
  uint64_t BodyBytesMax(uint64_t otherwise) const;

  std::shared_ptr<const Target> target_;
  ScrapeConfigPtr config_;
  const MetricsSink& sink_;
  uint32_t round_ = 0;
  uint32_t last_good_round_ = 0;
  std::vector<Series> series_;
  // Places in series_: by the hash of the bytes on the page, and by that of the
  // labels.
  boost::unordered_flat_map<uint64_t, uint32_t> by_text_;
  boost::unordered_flat_map<uint64_t, uint32_t> by_labels_;
  std::unordered_map<uint32_t, std::string> unresolved_;  // place -> canonical labels
  std::vector<uint32_t> tracked_;   // series of the last good page that get markers when they go
  std::vector<uint32_t> tracking_;  // the same of the page that is read
  std::array<uint32_t, kReports> reports_;
  uint64_t last_body_bytes_ = 0;
  uint64_t last_scraped_ = 0;
  std::vector<LabelRef> scratch_labels_;
  std::string scratch_histogram_;
};

}  // namespace luma::prom
