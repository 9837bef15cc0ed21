// One target of the scraper: what a fetched page becomes in storage.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/series_batch.h"
#include "net/http.h"
#include "net/http_client.h"

namespace luma::prom {

struct ScrapeTargetOptions {
  std::string job;
  std::string host = "127.0.0.1";
  uint16_t port = 9090;
  std::string path = "/metrics";
  std::string instance = {};                                     // the label; host:port when empty
  std::vector<std::pair<std::string, std::string>> labels = {};  // added to every series
  bool operator==(const ScrapeTargetOptions&) const = default;
};

// One fetch: when it started and what came of it.
struct ScrapeAttempt {
  UnixMillis time = 0;
  std::chrono::nanoseconds duration{0};
  Result<net::HttpResponse> response;
};

// Turns pages into batches as Prometheus does. The labels of the target are added, a scraped label
// in their way being renamed to exported_<name>. `up`, `scrape_duration_seconds` and
// `scrape_samples_scraped` are added to every attempt. Series of the page before that are gone get
// a staleness marker, all of them when the attempt failed; series with timestamps of their own do
// not. Thread-compatible.
class ScrapeTarget {
 public:
  explicit ScrapeTarget(ScrapeTargetOptions options);

  net::HttpGetRequest Request(std::chrono::milliseconds timeout, uint64_t body_bytes_max) const;
  // Adds what the attempt yields to `batch`. An error tells why it failed; the batch is to be
  // stored in either case.
  Status Process(const ScrapeAttempt& attempt, SeriesBatch& batch);
  // Adds staleness markers for all series, the target's own reports too: it is not scraped any
  // more.
  void End(UnixMillis time, SeriesBatch& batch);

  // As given, but never without an instance. Threads: any.
  const ScrapeTargetOptions& options() const { return options_; }
  std::string Name() const;  // job and instance, for logs and for spreading targets over time

 private:
  using SeenSeries = std::unordered_map<uint64_t, Labels>;  // by the low half of their hash

  // Reads the page into `batch`; on an error the batch may hold a part of it.
  Status ReadPage(const ScrapeAttempt& attempt, SeriesBatch& batch, SeenSeries& seen);
  void AddTargetLabels(std::span<const LabelRef> scraped);
  // Adds the end of every series of the last page that is not in `seen`.
  void AddStaleMarkers(UnixMillis time, const SeenSeries& seen, SeriesBatch& batch);
  void AddReport(std::string_view name, double value, UnixMillis time, SeriesBatch& batch);

  const ScrapeTargetOptions options_;
  std::vector<LabelRef> target_labels_;  // points into options_
  SeenSeries last_seen_;
  std::vector<LabelRef> labels_;      // scratch of one series
  std::vector<std::string> renamed_;  // texts that labels_ points at
};

}  // namespace luma::prom
