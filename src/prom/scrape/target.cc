#include "prom/scrape/target.h"

#include <utility>
#include <vector>

#include "net/url.h"
#include "promql/duration_text.h"
#include "rules/rule_file.h"

namespace luma::prom {
namespace {

using Millis = std::chrono::milliseconds;

constexpr std::string_view kAddress = "__address__";
constexpr std::string_view kScheme = "__scheme__";
constexpr std::string_view kMetricsPath = "__metrics_path__";
constexpr std::string_view kInterval = "__scrape_interval__";
constexpr std::string_view kTimeout = "__scrape_timeout__";
constexpr std::string_view kParamPrefix = "__param_";
constexpr std::string_view kMetaPrefix = "__meta_";
constexpr std::string_view kReservedPrefix = "__";

void SetIfAbsent(LabelBuilder& labels, std::string_view name, std::string_view value) {
  if (labels.Get(name).empty()) labels.Set(name, value);
}

// Times are counted in nanoseconds, too.
constexpr Millis kTimeMax = std::chrono::hours(24 * 365 * 100);

Result<Millis> ReadTime(const LabelBuilder& labels, std::string_view label, std::string_view what) {
  const Result<Millis> time = rules::ParseRuleDuration(labels.Get(label));
  if (!time.ok()) {
    return Status::InvalidArgument("error parsing ", what, ": ", time.status().message());
  }
  if (time->count() == 0) return Status::InvalidArgument(what, " cannot be 0");
  if (*time > kTimeMax) return Status::InvalidArgument(what, " is out of range");
  return time;
}

Status ReadTimes(const LabelBuilder& labels, Target& target) {
  LUMA_ASSIGN_OR_RETURN(target.interval, ReadTime(labels, kInterval, "scrape interval"));
  LUMA_ASSIGN_OR_RETURN(target.timeout, ReadTime(labels, kTimeout, "scrape timeout"));
  if (target.timeout <= target.interval) return Status::Ok();
  return Status::InvalidArgument("scrape timeout cannot be greater than scrape interval (\"",
                                 labels.Get(kTimeout), "\" > \"", labels.Get(kInterval), "\")");
}

Status CheckAddress(std::string_view address) {
  if (address.empty()) return Status::InvalidArgument("no address");
  if (address.find_first_of("/ \t\r\n?#@") == std::string_view::npos) return Status::Ok();
  return Status::InvalidArgument("\"", address, "\" is not a valid hostname");
}

// The parameters of the job, the first value of each replaced by what relabeling made of it.
std::string QueryOf(const ScrapeConfig& config, const LabelBuilder& labels) {
  std::map<std::string, std::vector<std::string>> params = config.params;
  for (const auto& [name, value] : labels.labels()) {
    if (!name.starts_with(kParamPrefix)) continue;
    std::vector<std::string>& values = params[name.substr(kParamPrefix.size())];
    if (values.empty()) values.emplace_back();
    values[0] = value;
  }
  std::string query;
  for (const auto& [name, values] : params) {
    for (const std::string& value : values) {
      query += query.empty() ? "?" : "&";
      query += net::PercentEncode(name) + "=" + net::PercentEncode(value);
    }
  }
  return query;
}

// Who writes a question mark into a path means the character, as Go's URLs have it.
std::string EncodedPath(std::string_view path) {
  std::string encoded = path.starts_with('/') ? "" : "/";
  for (const char c : path) {
    const bool is_plain = c == '/' || c == ':' || c == '=' || c == '@' || c == '&' || c == '+' ||
                          c == '$' || c == ',' || c == ';';
    encoded += is_plain ? std::string(1, c) : net::PercentEncode(std::string_view(&c, 1));
  }
  return encoded;
}

std::string UrlOf(const ScrapeConfig& config, const LabelBuilder& labels) {
  return std::string(labels.Get(kScheme)) + "://" + std::string(labels.Get(kAddress)) +
         EncodedPath(labels.Get(kMetricsPath)) + QueryOf(config, labels);
}

// All labels but those of timing, and the URL.
std::string KeyOf(const LabelBuilder& labels, const std::string& url) {
  std::string key = url;
  for (const auto& [name, value] : labels.labels()) {
    if (name != kInterval && name != kTimeout) key.append(1, '\n').append(name + "=" + value);
  }
  return key;
}

Result<Labels> PublicLabels(const LabelBuilder& labels, NameValidation validation) {
  std::vector<LabelRef> kept;
  for (const auto& [name, value] : labels.labels()) {
    if (!IsValidLabelName(name, validation)) {
      return Status::InvalidArgument("invalid label name: \"", name, "\"");
    }
    if (!name.starts_with(kReservedPrefix)) kept.push_back({name, value});
  }
  return Labels::Of(std::move(kept));
}

void DeleteMetaLabels(LabelBuilder& labels) {
  const LabelBuilder::Map before = labels.labels();
  for (const auto& [name, value] : before) {
    if (name.starts_with(kMetaPrefix)) labels.Delete(name);
  }
}

}  // namespace

LabelBuilder::Map DiscoveredLabels(const ScrapeConfig& config, const std::string& address,
                                   const LabelBuilder::Map& group_labels) {
  LabelBuilder labels;
  for (const auto& [name, value] : group_labels) labels.Set(name, value);
  labels.Set(kAddress, address);
  SetIfAbsent(labels, "job", config.job_name);
  SetIfAbsent(labels, kInterval, promql::DurationText(config.interval.count()));
  SetIfAbsent(labels, kTimeout, promql::DurationText(config.timeout.count()));
  SetIfAbsent(labels, kMetricsPath, config.metrics_path);
  SetIfAbsent(labels, kScheme, config.scheme);
  for (const auto& [name, values] : config.params) {
    if (!values.empty()) SetIfAbsent(labels, std::string(kParamPrefix) + name, values[0]);
  }
  return labels.labels();
}

Result<std::optional<Target>> MakeTarget(const ScrapeConfig& config,
                                         const LabelBuilder::Map& discovered) {
  LabelBuilder labels(discovered);
  if (!Relabel(config.relabel_rules, labels)) return std::optional<Target>();
  LUMA_RETURN_IF_ERROR(CheckAddress(labels.Get(kAddress)));
  Target target{.discovered = discovered};
  LUMA_RETURN_IF_ERROR(ReadTimes(labels, target));
  DeleteMetaLabels(labels);
  SetIfAbsent(labels, "instance", labels.Get(kAddress));
  LUMA_ASSIGN_OR_RETURN(target.labels, PublicLabels(labels, config.validation));
  target.url = UrlOf(config, labels);
  target.key = KeyOf(labels, target.url);
  return std::optional<Target>(std::move(target));
}

}  // namespace luma::prom
