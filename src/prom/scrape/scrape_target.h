// One target of the scraper: what a fetched page becomes in storage.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/metrics_source.h"
#include "model/series_batch.h"
#include "net/fetcher.h"
#include "prom/scrape/known_series.h"
#include "prom/scrape/page_parser.h"
#include "prom/scrape/scrape_config.h"
#include "prom/scrape/target.h"
#include "storage/budget.h"

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
  std::optional<std::string> metadata_lines;  // PageParser::MetadataLines
  storage::BudgetLease memory{};  // of the batch, of what the tables grew by, and of those lines
};

// Turns pages into batches as Prometheus does: labels of the target, honor_labels, relabeling,
// limits, its reports (`up`, `scrape_...`), and staleness markers for what the page before had and
// this one has not, or for everything when the scrape failed.
//
// Markers are added to every batch again until one was stored, or their series is back. What a page
// makes of memory is booked while it is read, and its tables as long as they are there; a page that
// finds no memory is a failed scrape. Thread-compatible.
class ScrapeTarget {
 public:
  // The sink tells the ids of stored series. Lifetime: it and the budget outlive the target.
  ScrapeTarget(std::shared_ptr<const Target> target, ScrapeConfigPtr config,
               const MetricsSink& sink, storage::MemoryBudget& budget);

  // From now on this is the job. The target is the one before, with other timing at most.
  void Use(std::shared_ptr<const Target> target, ScrapeConfigPtr config);

  // Without secrets that are in files.
  net::FetchRequest Request(uint64_t body_bytes_max) const;

  // Adds what the attempt yields to `batch`; it is to be stored whether the scrape failed or not.
  ScrapeResult Process(const ScrapeAttempt& attempt, SeriesBatch& batch);
  // Adds staleness markers for all series, the target's own reports too: it is not scraped any
  // more. To be called again when they were not stored.
  void End(UnixMillis time, SeriesBatch& batch);
  // The last batch was stored.
  void NoteStored() { markers_.clear(); }
  // For when storage does not know ids any more that it gave. What it has lost is read from the
  // next page again.
  void RecheckIds() { Move(series_.RecheckIds(sink_)); }

  const Target& target() const { return *target_; }
  const ScrapeConfig& config() const { return *config_; }
  size_t series_count() const { return series_.size(); }

 private:
  static constexpr size_t kReports = 8;  // kReportNames
  struct Marker {
    uint32_t place;
    UnixMillis time;
  };

  Status ReadPage(const ScrapeAttempt& attempt, SeriesBatch& batch, ScrapeResult& result);
  Status ReadSamples(PageParser& parser, UnixMillis time, ResultMemory& booked_on,
                     SeriesBatch& batch, ScrapeCounts& counts);
  Status CheckLabelBytes(const SeriesBatch& batch) const;
  void GiveUpPage(size_t known_before, SeriesBatch& batch, ScrapeResult& result);
  // The place of the sample's series, kNoPlace for one that is not wanted.
  Result<uint32_t> FindSeries(PageParser& parser);
  Result<uint32_t> MeetSeries(PageParser& parser);
  Status StoreSample(uint32_t place, PageParser& parser, UnixMillis time, SeriesBatch& batch,
                     ScrapeCounts& counts);
  bool IsRepeated(KnownSeries::Series& series, const std::optional<UnixMillis>& own,
                  ScrapeCounts& counts);

  void NoteGone(bool failed, UnixMillis time);
  void AddMarkers(SeriesBatch& batch) const;
  void AddReports(const ScrapeAttempt& attempt, const ScrapeResult& result, SeriesBatch& batch);
  void AddReport(size_t report, double value, UnixMillis time, SeriesBatch& batch);
  void ForgetUnseen();
  void Move(const KnownSeries::Moves& moved_to);
  uint64_t BodyBytesMax(uint64_t otherwise) const;
  uint64_t TableBytes() const;

  std::shared_ptr<const Target> target_;
  ScrapeConfigPtr config_;
  const MetricsSink& sink_;
  storage::MemoryBudget& budget_;
  uint32_t round_ = 0;
  uint32_t last_good_round_ = 0;
  KnownSeries series_;
  std::vector<uint32_t> tracked_;   // series of the last good page that get markers when they go
  std::vector<uint32_t> tracking_;  // the same of the page that is read
  std::vector<Marker> markers_;     // that are not stored yet
  std::array<uint32_t, kReports> reports_;
  storage::BudgetLease tables_memory_;
  uint64_t last_body_bytes_ = 0;
  uint64_t last_scraped_ = 0;
  uint64_t label_bytes_read_ = 0;  // of new series of the page
  std::vector<LabelRef> scratch_labels_;
  std::string scratch_histogram_;
};

}  // namespace luma::prom
