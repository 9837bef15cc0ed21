#include "prom/scrape/scrape_target.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "net/http.h"
#include "prom/scrape/http_request.h"

namespace luma::prom {
namespace {

// What every target reports about itself; from the sixth on with
// extra_scrape_metrics only.
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
constexpr uint32_t kNoPlace = UINT32_MAX;

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

// The start of a text, as Prometheus' "%.50s" shows it.
std::string_view Short(std::string_view text) { return text.substr(0, 50); }

// Target labels win; scraped ones in their way become exported_<name>.
void TakeTargetLabels(const Labels& target, LabelBuilder& labels) {
  std::vector<std::pair<std::string, std::string>> conflicts;
  for (const LabelRef& label : target) {
    if (const std::string_view value = labels.Get(label.name); !value.empty()) {
      conflicts.emplace_back(label.name, value);
    }
    labels.Set(label.name, label.value);
  }
  std::ranges::sort(conflicts, {}, [](const auto& label) {
    return std::pair(label.first.size(), std::string_view(label.first));
  });
  for (const auto& [name, value] : conflicts) {
    std::string renamed = "exported_" + name;
    while (labels.Has(renamed)) renamed = "exported_" + renamed;
    labels.Set(renamed, value);
  }
}

}  // namespace

ScrapeTarget::ScrapeTarget(std::shared_ptr<const Target> target, ScrapeConfigPtr config,
                           const MetricsSink& sink)
    : target_(std::move(target)), config_(std::move(config)), sink_(sink) {
  reports_.fill(kNoPlace);
}

void ScrapeTarget::Use(std::shared_ptr<const Target> target, ScrapeConfigPtr config) {
  if (config->text != config_->text) by_text_.clear();  // other rules may give other labels
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
  AddSecrets(http, request);
  // Shares the options of the job, which live as long.
  if (http.tls != net::TlsOptions()) {
    request.tls = std::shared_ptr<const net::TlsOptions>(config_, &http.tls);
  }
  return request;
}

ScrapeResult ScrapeTarget::Process(const ScrapeAttempt& attempt, SeriesBatch& batch) {
  ForgetUnseen();
  ResolveIds();
  ++round_;
  tracking_.clear();
  ScrapeResult result;
  result.status = CheckResponse(attempt.response);
  if (result.status.ok()) result.status = ReadPage(attempt, batch, result);
  const bool failed = !result.status.ok();
  if (failed) {
    batch.Clear();  // all of a page or nothing
    tracking_.clear();
    result.counts.stored = 0;
  }
  for (const uint32_t place : tracked_) {
    const bool is_gone = failed || series_[place].tracked_round != round_;
    if (is_gone) AddStaleMarker(place, attempt.time, batch);
  }
  tracked_.swap(tracking_);
  if (!failed) last_good_round_ = round_;
  AddReports(attempt, result, batch);
  return result;
}

void ScrapeTarget::End(UnixMillis time, SeriesBatch& batch) {
  for (const uint32_t place : tracked_) AddStaleMarker(place, time, batch);
  tracked_.clear();
  for (const uint32_t place : reports_) {
    if (place != kNoPlace) AddStaleMarker(place, time, batch);
  }
}

void ScrapeTarget::Forget() {
  series_.clear();
  by_text_.clear();
  by_labels_.clear();
  unresolved_.clear();
  tracked_.clear();
  reports_.fill(kNoPlace);
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
                      .classic_histograms = config_->always_scrape_classic_histograms}));
  const Status status = ReadSamples(*parser, attempt.time, batch, result.counts);
  last_scraped_ = result.counts.scraped;
  result.metadata_lines = parser->metadata_lines();
  return status;
}

Status ScrapeTarget::ReadSamples(PageParser& parser, UnixMillis time, SeriesBatch& batch,
                                 ScrapeCounts& counts) {
  while (parser.Next()) {
    ++counts.scraped;
    LUMA_ASSIGN_OR_RETURN(const uint32_t place, FindSeries(parser));
    if (place == kDropped) continue;
    ++counts.kept;
    LUMA_RETURN_IF_ERROR(StoreSample(place, parser, time, batch, counts));
  }
  LUMA_RETURN_IF_ERROR(parser.status());
  // Only now, so that the reports tell how many samples there are.
  const uint64_t limit = config_->limits.samples;
  if (limit > 0 && counts.stored > limit) return Status::TooLarge("sample limit exceeded");
  return Status::Ok();
}

Result<uint32_t> ScrapeTarget::FindSeries(PageParser& parser) {
  const uint64_t text_hash = Hash64(AsBytes(parser.sample().series));
  if (const auto found = by_text_.find(text_hash); found != by_text_.end()) return found->second;
  LUMA_ASSIGN_OR_RETURN(const uint32_t place, MeetSeries(parser));
  by_text_.emplace(text_hash, place);
  return place;
}

Result<uint32_t> ScrapeTarget::MeetSeries(PageParser& parser) {
  if (!parser.ReadLabels(scratch_labels_)) return parser.status();
  LabelBuilder labels;
  LUMA_RETURN_IF_ERROR(MakeLabels(scratch_labels_, labels));
  if (!Relabel(config_->metric_relabel_rules, labels) || labels.labels().empty()) return kDropped;
  LUMA_RETURN_IF_ERROR(CheckLabels(labels));
  LUMA_RETURN_IF_ERROR(CheckLabelLimits(labels));
  return AddSeries(labels);
}

// The labels before metric_relabel_configs.
Status ScrapeTarget::MakeLabels(const std::vector<LabelRef>& scraped, LabelBuilder& labels) const {
  for (const LabelRef& label : scraped) {
    if (labels.Has(label.name)) {
      return Status::InvalidArgument("label name \"", label.name, "\" is not unique");
    }
    labels.Set(label.name, label.value);
  }
  if (!config_->honor_labels) {
    TakeTargetLabels(target_->labels, labels);
    return Status::Ok();
  }
  for (const LabelRef& label : target_->labels) {
    // Also a label without a value is honored: so a target gets rid of one.
    const bool is_scraped =
        std::ranges::find(scraped, label.name, &LabelRef::name) != scraped.end();
    if (!is_scraped) labels.Set(label.name, label.value);
  }
  return Status::Ok();
}

Status ScrapeTarget::CheckLabels(const LabelBuilder& labels) const {
  const std::string_view metric = labels.Get(kMetricNameLabel);
  if (metric.empty()) return Status::InvalidArgument("missing metric name (__name__ label)");
  bool is_valid = IsValidMetricName(metric, config_->validation);
  for (const auto& [name, value] : labels.labels()) {
    is_valid =
        is_valid && (name == kMetricNameLabel || IsValidLabelName(name, config_->validation));
  }
  if (is_valid) return Status::Ok();
  return Status::InvalidArgument("invalid metric name or label names: metric=", metric);
}

Status ScrapeTarget::CheckLabelLimits(const LabelBuilder& labels) const {
  const ScrapeLimits& limits = config_->limits;
  const std::string_view metric = Short(labels.Get(kMetricNameLabel));
  const size_t count = labels.labels().size();
  if (limits.labels > 0 && count > limits.labels) {
    return Status::TooLarge("label_limit exceeded (metric: ", metric, ", number of labels: ", count,
                            ", limit: ", limits.labels, ")");
  }
  for (const auto& [name, value] : labels.labels()) {
    if (limits.label_name_bytes > 0 && name.size() > limits.label_name_bytes) {
      return Status::TooLarge("label_name_length_limit exceeded (metric: ", metric,
                              ", label name: ", Short(name), ", length: ", name.size(),
                              ", limit: ", limits.label_name_bytes, ")");
    }
    if (limits.label_value_bytes > 0 && value.size() > limits.label_value_bytes) {
      return Status::TooLarge("label_value_length_limit exceeded (metric: ", metric,
                              ", label name: ", Short(name), ", value: ", Short(value),
                              ", length: ", value.size(), ", limit: ", limits.label_value_bytes,
                              ")");
    }
  }
  return Status::Ok();
}

// The place of the series with these labels, a new one if it was not there.
Result<uint32_t> ScrapeTarget::AddSeries(const LabelBuilder& labels) {
  std::vector<LabelRef> refs;
  for (const auto& [name, value] : labels.labels()) refs.push_back({name, value});
  std::string canonical;
  const LabelsOutcome outcome = AppendCanonical(refs, canonical);
  if (outcome != LabelsOutcome::kOk) {
    return Status::InvalidArgument("bad exposition: ", LabelsOutcomeText(outcome));
  }
  const Hash128 hash = LabelsView(canonical).Hash();
  const auto place = static_cast<uint32_t>(series_.size());
  const auto [found, is_new] = by_labels_.try_emplace(hash.low, place);
  if (!is_new) return found->second;
  series_.push_back({.hash = hash});
  unresolved_.emplace(place, std::move(canonical));
  return place;
}

Status ScrapeTarget::StoreSample(uint32_t place, PageParser& parser, UnixMillis time,
                                 SeriesBatch& batch, ScrapeCounts& counts) {
  const PageSample& sample = parser.sample();
  Series& series = series_[place];
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
  Start(place, batch);
  const UnixMillis at = own.value_or(time);
  if (sample.histogram == nullptr) {
    batch.AddSample({.timestamp = at, .value = sample.value});
  } else {
    sample.histogram->timestamp = at;
    scratch_histogram_.clear();
    LUMA_RETURN_IF_ERROR(AppendWireHistogram(*sample.histogram, scratch_histogram_));
    batch.AddHistogram(at, scratch_histogram_);
  }
  for (PageExemplar& exemplar : parser.exemplars()) {
    // One whose labels cannot be is left out; the samples of the page are fine.
    const LabelsOutcome outcome =
        batch.AddExemplar(exemplar.timestamp.value_or(at), exemplar.value, exemplar.labels);
    ++(outcome == LabelsOutcome::kOk ? counts.exemplars : counts.exemplars_refused);
  }
  return Status::Ok();
}

// Of samples of a series at one time the first counts. With own timestamps
// there may be several.
bool ScrapeTarget::IsRepeated(Series& series, const std::optional<UnixMillis>& own,
                              ScrapeCounts& counts) {
  const bool is_seen = series.seen_round == round_;
  const bool is_repeated = is_seen && (!own || *own == series.last_own_time);
  if (is_repeated) ++counts.duplicates;
  if (is_seen && own && *own < series.last_own_time) ++counts.out_of_order;
  if (own) series.last_own_time = *own;
  return is_repeated;
}

void ScrapeTarget::Start(uint32_t place, SeriesBatch& batch) const {
  const Series& series = series_[place];
  if (series.id != kUnknownSeries) {
    batch.StartSeries(series.id);
  } else {
    batch.StartSeries(LabelsView(unresolved_.at(place)));
  }
}

void ScrapeTarget::AddStaleMarker(uint32_t place, UnixMillis time, SeriesBatch& batch) {
  Start(place, batch);
  batch.AddSample({.timestamp = time, .value = kStaleNan});
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
    place = AddSeries(labels).value();  // MakeTarget checked them
  }
  series_[place].seen_round = round_;
  Start(place, batch);
  batch.AddSample({.timestamp = time, .value = value});
}

// Series that storage knows by now need no labels any more.
void ScrapeTarget::ResolveIds() {
  if (unresolved_.empty()) return;
  std::vector<uint32_t> places;
  std::vector<Hash128> hashes;
  for (const auto& [place, labels] : unresolved_) {
    places.push_back(place);
    hashes.push_back(series_[place].hash);
  }
  std::vector<SeriesId> ids(places.size(), kUnknownSeries);
  sink_.FindSeries(hashes, ids);
  for (size_t i = 0; i < places.size(); ++i) {
    if (ids[i] == kUnknownSeries) continue;
    series_[places[i]].id = ids[i];
    unresolved_.erase(places[i]);
  }
}

// Series that come and go would take ever more memory. Those of the last page
// stay.
void ScrapeTarget::ForgetUnseen() {
  if (by_text_.size() + series_.size() <= 4 * last_scraped_ + kSpareSeries) return;
  std::vector<uint32_t> moved_to(series_.size(), kNoPlace);
  std::vector<Series> kept;
  std::unordered_map<uint32_t, std::string> unresolved;
  for (uint32_t place = 0; place < series_.size(); ++place) {
    if (series_[place].seen_round != round_) {
      by_labels_.erase(series_[place].hash.low);
      continue;
    }
    const auto to = static_cast<uint32_t>(kept.size());
    moved_to[place] = to;
    by_labels_[series_[place].hash.low] = to;
    kept.push_back(series_[place]);
    const auto labels = unresolved_.find(place);
    if (labels != unresolved_.end()) unresolved.emplace(to, std::move(labels->second));
  }
  const auto is_gone = [&moved_to](uint32_t place) {
    return place == kDropped || moved_to[place] == kNoPlace;
  };
  boost::unordered::erase_if(by_text_, [&](const auto& entry) { return is_gone(entry.second); });
  for (auto& [hash, place] : by_text_) place = moved_to[place];
  std::erase_if(tracked_, is_gone);
  for (uint32_t& place : tracked_) place = moved_to[place];
  for (uint32_t& place : reports_) {
    if (place != kNoPlace) place = moved_to[place];
  }
  series_ = std::move(kept);
  unresolved_ = std::move(unresolved);
}

}  // namespace luma::prom
