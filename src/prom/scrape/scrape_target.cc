#include "prom/scrape/scrape_target.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "net/http.h"
#include "prom/lease_memory.h"
#include "prom/request_memory.h"
#include "prom/scrape/http_request.h"
#include "prom/scrape/scraped_labels.h"

namespace luma::prom {
namespace {

// What every target reports about itself; from the sixth on with extra_scrape_metrics only.
enum Report : uint8_t {
  kUp,
  kDuration,
  kSamplesScraped,
  kSamplesKept,
  kSeriesAdded,
  kTimeout,
  kSampleLimit,
  kBodyBytes,
};
constexpr std::array<std::string_view, 8> kReportNames = {
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
    "scrape_timeout_seconds",
    "scrape_sample_limit",
    "scrape_body_size_bytes",
};
constexpr uint32_t kNoPlace = KnownSeries::kNoPlace;

// Vectors and maps hold the old and the new while they grow.
constexpr uint64_t kGrowth = 2;
// What one more sample can add: the labels of a new series.
constexpr uint64_t kSampleBytesMax = kLabelsBytesMax;

// How much more than the last page had may be remembered.
constexpr size_t kSpareSeries = 1'000;

double Seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

Status CheckResponse(const Result<net::FetchResponse>& response) {
  if (!response.ok()) return response.status();
  if (response->status == 200) return Status::Ok();
  return Status::Unavailable("server returned HTTP status ", response->status, " ",
                             net::HttpReason(response->status));
}

std::string TimeoutHeader(std::chrono::milliseconds timeout) {
  return "X-Prometheus-Scrape-Timeout-Seconds: " + std::to_string(Seconds(timeout));
}

}  // namespace

ScrapeTarget::ScrapeTarget(std::shared_ptr<const Target> target, ScrapeConfigPtr config,
                           const MetricsSink& sink, storage::MemoryBudget& budget)
    : target_(std::move(target)), config_(std::move(config)), sink_(sink), budget_(budget) {
  reports_.fill(kNoPlace);
}

void ScrapeTarget::Use(std::shared_ptr<const Target> target, ScrapeConfigPtr config) {
  if (config->text != config_->text) series_.ForgetTexts();  // other rules may give other labels
  target_ = std::move(target);
  config_ = std::move(config);
}

uint64_t ScrapeTarget::BodyBytesMax(uint64_t otherwise) const {
  return config_->limits.body_bytes > 0 ? config_->limits.body_bytes : otherwise;
}

net::FetchRequest ScrapeTarget::Request(uint64_t body_bytes_max) const {
  const HttpClientConfig& http = config_->http;
  net::FetchRequest request{.url = target_->url,
                            .headers = {"Accept: " + AcceptHeader(*config_), "User-Agent: LumaDB",
                                        TimeoutHeader(target_->timeout)},
                            .timeout = target_->timeout,
                            .body_bytes_max = BodyBytesMax(body_bytes_max),
                            .body_bytes_expected = last_body_bytes_,
                            .accepts_gzip = config_->enable_compression,
                            .follows_redirects = http.follow_redirects};
  ApplyClientConfig(http, request);
  // Shares the options of the job, which live as long.
  if (http.tls != net::TlsOptions()) {
    request.tls = std::shared_ptr<const net::TlsOptions>(config_, &http.tls);
  }
  return request;
}

ScrapeResult ScrapeTarget::Process(const ScrapeAttempt& attempt, SeriesBatch& batch) {
  ForgetUnseen();
  series_.ResolveIds(sink_);
  ++round_;
  tracking_.clear();
  const size_t known_before = series_.size();
  ScrapeResult result;
  result.status = CheckResponse(attempt.response);
  if (result.status.ok()) result.status = ReadPage(attempt, batch, result);
  const bool failed = !result.status.ok();
  if (failed) GiveUpPage(known_before, batch, result);
  NoteGone(failed, attempt.time);
  if (!failed) last_good_round_ = round_;
  AddMarkers(batch);
  AddReports(attempt, result, batch);
  tables_memory_ = budget_.BookAlways(storage::BudgetUse::kSeries, TableBytes());
  return result;
}

// All of a page or nothing: neither its samples nor the series it brought, nor, without memory, the
// texts of those that are not wanted.
void ScrapeTarget::GiveUpPage(size_t known_before, SeriesBatch& batch, ScrapeResult& result) {
  batch.Clear();
  tracking_.clear();
  result.counts.stored = 0;
  const bool lacks_memory = result.status.code() == StatusCode::kOutOfMemory;
  if (series_.size() > known_before || lacks_memory) {
    Move(series_.Keep([known_before](uint32_t place) { return place < known_before; }));
  }
}

void ScrapeTarget::End(UnixMillis time, SeriesBatch& batch) {
  series_.ResolveIds(sink_);
  for (const uint32_t place : tracked_) {
    if (series_.IsStored(place)) markers_.push_back({place, time});
  }
  tracked_.clear();
  AddMarkers(batch);
  for (const uint32_t place : reports_) {
    if (place == kNoPlace || !series_.IsStored(place)) continue;
    series_.Start(place, batch);
    batch.AddSample({.timestamp = time, .value = kStaleNan});
  }
}

Status ScrapeTarget::ReadPage(const ScrapeAttempt& attempt, SeriesBatch& batch,
                              ScrapeResult& result) {
  const net::FetchResponse& response = *attempt.response;
  last_body_bytes_ = response.body.size();
  LUMA_ASSIGN_OR_RETURN(
      const std::unique_ptr<PageParser> parser,
      MakePageParser(response.content_type, response.body,
                     {.fallback_media_type = config_->fallback_media_type,
                      .native_histograms = config_->scrape_native_histograms,
                      .classic_histograms = config_->always_scrape_classic_histograms,
                      .custom_buckets = config_->convert_classic_histograms}));
  LUMA_ASSIGN_OR_RETURN(result.memory, budget_.Book(storage::BudgetUse::kIngest, 0));
  LeaseMemory memory(&budget_, result.memory);
  LUMA_RETURN_IF_ERROR(ReadSamples(*parser, attempt.time, memory, batch, result.counts));
  last_scraped_ = result.counts.scraped;
  result.metadata_lines = parser->MetadataLines(memory);
  return Status::Ok();
}

Status ScrapeTarget::ReadSamples(PageParser& parser, UnixMillis time, ResultMemory& booked_on,
                                 SeriesBatch& batch, ScrapeCounts& counts) {
  RequestMemory memory;
  memory.Start(booked_on, 0);
  const uint64_t tables_before = TableBytes();
  label_bytes_read_ = 0;
  while (parser.Next()) {
    ++counts.scraped;
    const uint64_t grown = TableBytes() - tables_before;
    const uint64_t bytes = RequestMemory::BytesIn(batch) + grown + kSampleBytesMax;
    LUMA_RETURN_IF_ERROR(memory.Need(kGrowth * bytes));
    LUMA_RETURN_IF_ERROR(CheckLabelBytes(batch));
    LUMA_ASSIGN_OR_RETURN(const uint32_t place, FindSeries(parser));
    if (place == kNoPlace) continue;
    ++counts.kept;
    LUMA_RETURN_IF_ERROR(StoreSample(place, parser, time, batch, counts));
  }
  LUMA_RETURN_IF_ERROR(parser.status());
  // Only now, so that the reports tell how many samples there are.
  const uint64_t limit = config_->limits.samples;
  if (limit > 0 && counts.stored > limit) return Status::TooLarge("sample limit exceeded");
  return Status::Ok();
}

// Some bytes of a page can be a part of a metric, a series with all of its labels; so can a short
// line with long labels of the target.
Status ScrapeTarget::CheckLabelBytes(const SeriesBatch& batch) const {
  if (std::max<uint64_t>(label_bytes_read_, batch.label_bytes()) <= kLabelBytesPerPageMax) {
    return Status::Ok();
  }
  return TooLongLabels();
}

Result<uint32_t> ScrapeTarget::FindSeries(PageParser& parser) {
  const uint64_t text_hash = Hash64(AsBytes(parser.sample().series));
  if (const std::optional<uint32_t> found = series_.FindText(text_hash)) return *found;
  LUMA_ASSIGN_OR_RETURN(const uint32_t place, MeetSeries(parser));
  series_.AddText(text_hash, place);
  return place;
}

Result<uint32_t> ScrapeTarget::MeetSeries(PageParser& parser) {
  if (!parser.ReadLabels(scratch_labels_)) return parser.status();
  for (const LabelRef& label : scratch_labels_) {
    label_bytes_read_ += label.name.size() + label.value.size();
  }
  LabelBuilder labels;
  LUMA_RETURN_IF_ERROR(
      AddTargetLabels(scratch_labels_, target_->labels, config_->honor_labels, labels));
  if (!Relabel(config_->metric_relabel_rules, labels) || labels.labels().empty()) return kNoPlace;
  LUMA_RETURN_IF_ERROR(CheckScrapedLabels(labels, *config_));
  return series_.Add(labels);
}

Status ScrapeTarget::StoreSample(uint32_t place, PageParser& parser, UnixMillis time,
                                 SeriesBatch& batch, ScrapeCounts& counts) {
  const PageSample& sample = parser.sample();
  KnownSeries::Series& series = series_[place];
  const std::optional<UnixMillis> own = config_->honor_timestamps ? sample.timestamp : std::nullopt;
  if (IsRepeated(series, own, counts)) return Status::Ok();
  if (series.seen_round < last_good_round_ || series.seen_round == 0) ++counts.series_added;
  series.seen_round = round_;
  const bool is_tracked = !own || config_->track_timestamps_staleness;
  if (is_tracked && series.tracked_round != round_) {
    series.tracked_round = round_;
    tracking_.push_back(place);
  }
  ++counts.stored;
  series_.Start(place, batch);
  const UnixMillis at = own.value_or(time);
  if (sample.histogram == nullptr) {
    batch.AddSample({.timestamp = at, .value = sample.value});
  } else {
    sample.histogram->timestamp = at;
    scratch_histogram_.clear();
    const HistogramLimits limits = HistogramLimitsOf(config_->limits);
    LUMA_RETURN_IF_ERROR(AppendWireHistogram(*sample.histogram, scratch_histogram_, limits));
    batch.AddHistogram(at, scratch_histogram_);
  }
  for (PageExemplar& exemplar : parser.exemplars()) {
    // Those of histograms come again with each page: without a time they would be ever new ones.
    if (sample.histogram != nullptr && !exemplar.timestamp) continue;
    // One whose labels cannot be is left out; the samples of the page are fine.
    const LabelsOutcome outcome =
        batch.AddExemplar(exemplar.timestamp.value_or(at), exemplar.value, exemplar.labels);
    ++(outcome == LabelsOutcome::kOk ? counts.exemplars : counts.exemplars_refused);
  }
  return Status::Ok();
}

// Of samples of a series at one time the first counts. With own timestamps there may be several.
bool ScrapeTarget::IsRepeated(KnownSeries::Series& series, const std::optional<UnixMillis>& own,
                              ScrapeCounts& counts) {
  const bool is_seen = series.seen_round == round_;
  const bool is_repeated = is_seen && (!own || *own == series.last_own_time);
  if (is_repeated) ++counts.duplicates;
  if (is_seen && own && *own < series.last_own_time) ++counts.out_of_order;
  if (own) series.last_own_time = *own;
  return is_repeated;
}

// What was tracked and is not on the page that was read gets a marker. What is back there needs
// none that was not stored in time.
void ScrapeTarget::NoteGone(bool failed, UnixMillis time) {
  std::erase_if(markers_, [this, failed](const Marker& marker) {
    return !failed && series_[marker.place].seen_round == round_;
  });
  for (const uint32_t place : tracked_) {
    const bool is_gone = failed || series_[place].tracked_round != round_;
    if (is_gone && series_.IsStored(place)) markers_.push_back({place, time});
  }
  tracked_.swap(tracking_);
  // Storage that refuses for long must not make them ever more: the oldest are given up.
  const size_t kept_max = 2 * last_scraped_ + kSpareSeries;
  if (markers_.size() > kept_max) markers_.erase(markers_.begin(), markers_.end() - kept_max);
}

void ScrapeTarget::AddMarkers(SeriesBatch& batch) const {
  for (const Marker& marker : markers_) {
    series_.Start(marker.place, batch);
    batch.AddSample({.timestamp = marker.time, .value = kStaleNan});
  }
}

void ScrapeTarget::AddReports(const ScrapeAttempt& attempt, const ScrapeResult& result,
                              SeriesBatch& batch) {
  const UnixMillis time = attempt.time;
  const ScrapeCounts& counts = result.counts;
  const bool too_large = attempt.response.status().code() == StatusCode::kTooLarge;
  const double body_bytes =
      attempt.response.ok() ? static_cast<double>(attempt.response->body.size()) : 0;
  AddReport(kUp, result.status.ok() ? 1 : 0, time, batch);
  AddReport(kDuration, Seconds(attempt.duration), time, batch);
  AddReport(kSamplesScraped, static_cast<double>(counts.scraped), time, batch);
  AddReport(kSamplesKept, static_cast<double>(counts.kept), time, batch);
  AddReport(kSeriesAdded, static_cast<double>(counts.series_added), time, batch);
  if (!config_->extra_scrape_metrics) return;
  AddReport(kTimeout, Seconds(target_->timeout), time, batch);
  AddReport(kSampleLimit, static_cast<double>(config_->limits.samples), time, batch);
  AddReport(kBodyBytes, too_large ? -1 : body_bytes, time, batch);
}

void ScrapeTarget::AddReport(size_t report, double value, UnixMillis time, SeriesBatch& batch) {
  uint32_t& place = reports_[report];
  if (place == kNoPlace) {
    LabelBuilder labels;
    labels.Set(kMetricNameLabel, kReportNames[report]);
    TakeTargetLabels(target_->labels, labels);
    place = series_.Add(labels).value();  // MakeTarget checked them
  }
  series_[place].seen_round = round_;
  series_.Start(place, batch);
  batch.LetInBeyondLimits();  // how many there are is for the configuration to say, not for a page
  batch.AddSample({.timestamp = time, .value = value});
}

// Series that come and go would take ever more memory. Those of the last page stay.
void ScrapeTarget::ForgetUnseen() {
  const size_t kept_max = 4 * last_scraped_ + kSpareSeries + markers_.size();
  if (series_.text_count() + series_.size() <= kept_max) return;
  std::vector<bool> has_marker(series_.size());
  for (const Marker& marker : markers_) has_marker[marker.place] = true;
  Move(series_.Keep([this, &has_marker](uint32_t place) {
    return series_[place].seen_round == round_ || has_marker[place];
  }));
}

void ScrapeTarget::Move(const KnownSeries::Moves& moved_to) {
  const auto is_gone = [&moved_to](uint32_t place) { return moved_to[place] == kNoPlace; };
  std::erase_if(tracked_, is_gone);
  for (uint32_t& place : tracked_) place = moved_to[place];
  std::erase_if(markers_, [&is_gone](const Marker& marker) { return is_gone(marker.place); });
  for (Marker& marker : markers_) marker.place = moved_to[marker.place];
  for (uint32_t& place : reports_) {
    if (place != kNoPlace) place = moved_to[place];
  }
}

uint64_t ScrapeTarget::TableBytes() const {
  return series_.bytes() + (tracked_.capacity() + tracking_.capacity()) * sizeof(uint32_t) +
         markers_.capacity() * sizeof(Marker);
}

}  // namespace luma::prom
