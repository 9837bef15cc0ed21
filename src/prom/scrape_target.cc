#include "prom/scrape_target.h"

#include <algorithm>

#include "net/url.h"
#include "prom/exposition_parser.h"

namespace luma::prom {
namespace {

// What every target reports about itself.
constexpr std::string_view kUp = "up";
constexpr std::string_view kDuration = "scrape_duration_seconds";
constexpr std::string_view kSamplesScraped = "scrape_samples_scraped";

ScrapeTargetOptions WithInstance(ScrapeTargetOptions options) {
  if (options.instance.empty()) {
    options.instance = net::HostAndPort(options.host, options.port);
  }
  return options;
}

Status CheckResponse(const Result<net::HttpResponse>& response) {
  if (!response.ok()) return response.status();
  if (response->status == 200) return Status::Ok();
  return Status::Unavailable("server returned HTTP status ", response->status, " ",
                             net::HttpReason(response->status));
}

}  // namespace

ScrapeTarget::ScrapeTarget(ScrapeTargetOptions options)
    : options_(WithInstance(std::move(options))) {
  for (const auto& [name, value] : options_.labels) target_labels_.push_back({name, value});
  target_labels_.push_back({"job", options_.job});
  target_labels_.push_back({"instance", options_.instance});
}

std::string ScrapeTarget::Name() const { return options_.job + "/" + options_.instance; }

net::HttpGetRequest ScrapeTarget::Request(std::chrono::milliseconds timeout,
                                          uint64_t body_bytes_max) const {
  const double seconds = std::chrono::duration<double>(timeout).count();
  return {.host = options_.host,
          .port = options_.port,
          .target = options_.path,
          .headers = {{"Accept", "text/plain;version=0.0.4;q=0.9,*/*;q=0.1"},
                      {"User-Agent", "LumaDB"},
                      {"X-Prometheus-Scrape-Timeout-Seconds", std::to_string(seconds)}},
          .timeout = timeout,
          .body_bytes_max = body_bytes_max};
}

Status ScrapeTarget::Process(const ScrapeAttempt& attempt, SeriesBatch& batch) {
  SeenSeries seen;
  Status status = CheckResponse(attempt.response);
  if (status.ok()) status = ReadPage(attempt, batch, seen);
  const size_t scraped = status.ok() ? batch.sample_count() : 0;
  if (!status.ok()) {
    batch.Clear();  // all of a page or nothing
    seen.clear();
  }
  AddStaleMarkers(attempt.time, seen, batch);
  last_seen_ = std::move(seen);
  AddReport(kUp, status.ok() ? 1 : 0, attempt.time, batch);
  AddReport(kDuration, std::chrono::duration<double>(attempt.duration).count(), attempt.time,
            batch);
  AddReport(kSamplesScraped, static_cast<double>(scraped), attempt.time, batch);
  return status;
}

void ScrapeTarget::End(UnixMillis time, SeriesBatch& batch) {
  AddStaleMarkers(time, {}, batch);
  last_seen_.clear();
  for (const std::string_view report : {kUp, kDuration, kSamplesScraped}) {
    AddReport(report, kStaleNan, time, batch);
  }
}

void ScrapeTarget::AddStaleMarkers(UnixMillis time, const SeenSeries& seen, SeriesBatch& batch) {
  for (const auto& [hash, labels] : last_seen_) {
    if (seen.contains(hash)) continue;
    batch.StartSeries(labels);
    batch.AddSample({.timestamp = time, .value = kStaleNan});
  }
}

Status ScrapeTarget::ReadPage(const ScrapeAttempt& attempt, SeriesBatch& batch, SeenSeries& seen) {
  ExpositionParser parser(attempt.response->body);
  while (parser.Next()) {
    const ExpositionSample& sample = parser.sample();
    AddTargetLabels(sample.labels);
    const LabelsOutcome outcome = batch.StartSeries(labels_);
    if (outcome != LabelsOutcome::kOk) {
      return Status::InvalidArgument("bad exposition: ", LabelsOutcomeText(outcome));
    }
    batch.AddSample({.timestamp = sample.timestamp.value_or(attempt.time), .value = sample.value});
    if (sample.timestamp) continue;
    const SeriesBatch::Series series = batch.series(batch.size() - 1);
    seen.try_emplace(series.hash.low, series.labels);
  }
  return parser.status();
}

void ScrapeTarget::AddTargetLabels(std::span<const LabelRef> scraped) {
  labels_ = target_labels_;
  renamed_.clear();
  renamed_.reserve(scraped.size());  // views of its texts must not move
  for (LabelRef label : scraped) {
    if (label.value.empty()) continue;
    const auto is_same = [&label](const LabelRef& other) { return other.name == label.name; };
    if (std::any_of(target_labels_.begin(), target_labels_.end(), is_same)) {
      label.name = renamed_.emplace_back("exported_" + std::string(label.name));
    }
    labels_.push_back(label);
  }
}

void ScrapeTarget::AddReport(std::string_view name, double value, UnixMillis time,
                             SeriesBatch& batch) {
  labels_ = target_labels_;
  labels_.push_back({kMetricNameLabel, name});
  LUMA_CHECK(batch.StartSeries(labels_) == LabelsOutcome::kOk);  // CheckTarget saw to it
  batch.AddSample({.timestamp = time, .value = value});
}

}  // namespace luma::prom
