#include "base/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace luma {
namespace {

constexpr double kLatencyBounds[] = {1e-5,   2.5e-5, 5e-5, 1e-4,   2.5e-4, 5e-4, 1e-3,
                                     2.5e-3, 5e-3,   1e-2, 2.5e-2, 5e-2,   0.1,  0.25,
                                     0.5,    1,      2.5,  5,      10};

constexpr std::string_view kKindNames[] = {"counter", "gauge", "histogram"};

bool IsNameCharacter(char c, bool first) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
  return letter || (!first && c >= '0' && c <= '9');
}

bool IsValidName(std::string_view name) {
  for (size_t i = 0; i < name.size(); ++i) {
    if (!IsNameCharacter(name[i], i == 0)) return false;
  }
  return !name.empty();
}

void AppendEscaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

std::string LabelText(const MetricLabels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    LUMA_CHECK(IsValidName(name));
    if (!text.empty()) text += ',';
    text += name;
    text += "=\"";
    AppendEscaped(text, value, /*quotes=*/true);
    text += '"';
  }
  return text;
}

std::string NumberText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

// "name{labels} value\n"; `extra` is one more label, such as le="0.5", or empty.
void WriteSample(std::string& out, std::string_view name, std::string_view labels,
                 std::string_view extra, std::string_view value) {
  out += name;
  if (!labels.empty() || !extra.empty()) {
    const std::string_view comma = labels.empty() || extra.empty() ? "" : ",";
    fmt::format_to(std::back_inserter(out), "{{{}{}{}}}", labels, comma, extra);
  }
  fmt::format_to(std::back_inserter(out), " {}\n", value);
}

void WriteHistogram(std::string& out, std::string_view name, std::string_view labels,
                    const Histogram& histogram) {
  const std::span<const double> bounds = histogram.upper_bounds();
  const std::string bucket_name = fmt::format("{}_bucket", name);
  uint64_t cumulative = 0;
  for (size_t i = 0; i <= bounds.size(); ++i) {
    cumulative += histogram.BucketCount(i);
    const std::string bound = i < bounds.size() ? NumberText(bounds[i]) : "+Inf";
    WriteSample(out, bucket_name, labels, fmt::format("le=\"{}\"", bound),
                fmt::format("{}", cumulative));
  }
  WriteSample(out, fmt::format("{}_sum", name), labels, "", NumberText(histogram.Sum()));
  WriteSample(out, fmt::format("{}_count", name), labels, "", fmt::format("{}", cumulative));
}

}  // namespace

const std::span<const double> kLatencySecondsBounds = kLatencyBounds;

size_t Counter::ShardOfThisThread() {
  static std::atomic<size_t> next{0};
  thread_local const size_t shard = next.fetch_add(1, std::memory_order_relaxed) % kShards;
  return shard;
}

uint64_t Counter::Value() const {
  uint64_t sum = 0;
  for (const Shard& shard : shards_) sum += shard.value.load(std::memory_order_relaxed);
  return sum;
}

Histogram::Histogram(std::span<const double> upper_bounds)
    : upper_bounds_(upper_bounds.begin(), upper_bounds.end()), buckets_(upper_bounds.size() + 1) {
  LUMA_CHECK(std::is_sorted(upper_bounds_.begin(), upper_bounds_.end()));
}

void Histogram::Observe(double value) {
  const auto bucket = std::lower_bound(upper_bounds_.begin(), upper_bounds_.end(), value);
  buckets_[static_cast<size_t>(bucket - upper_bounds_.begin())].Add();
  sum_.Add(value);
}

MetricsRegistry::Callback::~Callback() {
  if (registry_ != nullptr) registry_->RemoveCallback(id_);
}

MetricsRegistry& MetricsRegistry::Default() {
  static auto* registry = new MetricsRegistry;  // never destroyed: threads may outlive main()
  return *registry;
}

Counter& MetricsRegistry::AddCounter(std::string_view name, std::string_view help,
                                     MetricLabels labels) {
  const MutexLock lock(mutex_);
  Series& series = FindOrAdd(Kind::kCounter, name, help, labels);
  if (!series.counter) series.counter = std::make_unique<Counter>();
  return *series.counter;
}

Gauge& MetricsRegistry::AddGauge(std::string_view name, std::string_view help,
                                 MetricLabels labels) {
  const MutexLock lock(mutex_);
  Series& series = FindOrAdd(Kind::kGauge, name, help, labels);
  if (!series.gauge) series.gauge = std::make_unique<Gauge>();
  return *series.gauge;
}

Histogram& MetricsRegistry::AddHistogram(std::string_view name, std::string_view help,
                                         std::span<const double> upper_bounds,
                                         MetricLabels labels) {
  const MutexLock lock(mutex_);
  Series& series = FindOrAdd(Kind::kHistogram, name, help, labels);
  if (!series.histogram) series.histogram = std::make_unique<Histogram>(upper_bounds);
  return *series.histogram;
}

MetricsRegistry::Callback MetricsRegistry::AddCallback(Kind kind, std::string_view name,
                                                       std::string_view help,
                                                       std::function<double()> read,
                                                       MetricLabels labels) {
  const MutexLock lock(mutex_);
  Series& series = FindOrAdd(kind, name, help, labels);
  series.read = std::move(read);
  series.callback_id = next_callback_id_++;
  return {*this, series.callback_id};
}

MetricsRegistry::Series& MetricsRegistry::FindOrAdd(Kind kind, std::string_view name,
                                                    std::string_view help,
                                                    const MetricLabels& labels) {
  LUMA_CHECK(IsValidName(name));
  auto family = families_.find(name);
  if (family == families_.end()) {
    family = families_.emplace(name, Family{kind, std::string(help), {}}).first;
  }
  LUMA_CHECK(family->second.kind == kind);
  return family->second.series[LabelText(labels)];
}

void MetricsRegistry::RemoveCallback(uint64_t id) {
  const MutexLock lock(mutex_);
  for (auto family = families_.begin(); family != families_.end(); ++family) {
    auto& series = family->second.series;
    if (std::erase_if(series, [id](const auto& item) { return item.second.callback_id == id; })) {
      if (series.empty()) families_.erase(family);
      return;
    }
  }
}

std::string MetricsRegistry::Text() const {
  const MutexLock lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    out += "# HELP " + name + ' ';
    AppendEscaped(out, family.help, /*quotes=*/false);
    fmt::format_to(std::back_inserter(out), "\n# TYPE {} {}\n", name,
                   kKindNames[static_cast<size_t>(family.kind)]);
    for (const auto& [labels, series] : family.series) WriteSeries(out, name, labels, series);
  }
  return out;
}

void MetricsRegistry::WriteSeries(std::string& out, std::string_view name, std::string_view labels,
                                  const Series& series) {
  if (series.histogram) return WriteHistogram(out, name, labels, *series.histogram);
  std::string value;
  if (series.read) {
    value = NumberText(series.read());
  } else if (series.counter) {
    value = fmt::format("{}", series.counter->Value());
  } else {
    value = NumberText(series.gauge->Value());
  }
  WriteSample(out, name, labels, "", value);
}

}  // namespace luma
