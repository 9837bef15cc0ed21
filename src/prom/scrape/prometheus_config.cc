#include "prom/scrape/prometheus_config.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "prom/scrape/alerting_fields.h"
#include "prom/scrape/discovery_fields.h"
#include "prom/scrape/glob.h"
#include "prom/scrape/http_client_fields.h"
#include "prom/scrape/yaml_fields.h"
#include "prom/scrape/yaml_text.h"

namespace luma::prom {
namespace {

using Millis = std::chrono::milliseconds;

// Other parts of this server have keys of their own for what they say.
constexpr std::array<std::string_view, 4> kIgnoredSections = {"rule_files", "storage", "otlp",
                                                              "runtime"};

constexpr std::array<ScrapeProtocol, 5> kAllProtocols = {
    ScrapeProtocol::kPrometheusProto, ScrapeProtocol::kOpenMetricsText1_0_0,
    ScrapeProtocol::kOpenMetricsText0_0_1, ScrapeProtocol::kPrometheusText1_0_0,
    ScrapeProtocol::kPrometheusText0_0_4};

Result<ScrapeProtocol> ReadProtocol(const YamlNode& node) {
  LUMA_ASSIGN_OR_RETURN(const std::string text, ReadText(node));
  const auto* const found = std::ranges::find(kAllProtocols, text, ScrapeProtocolName);
  if (found != kAllProtocols.end()) return *found;
  return YamlError(node, "unknown scrape protocol " + text);
}

std::string_view MediaTypeOf(ScrapeProtocol protocol) {
  switch (protocol) {
    case ScrapeProtocol::kPrometheusProto:
      return "application/vnd.google.protobuf";
    case ScrapeProtocol::kOpenMetricsText1_0_0:
    case ScrapeProtocol::kOpenMetricsText0_0_1:
      return "application/openmetrics-text";
    default:
      return "text/plain";
  }
}

FieldReader IntoFallback(std::string& media_type) {
  return [&media_type](const YamlNode& node) -> Status {
    if (node.IsNull()) return Status::Ok();
    LUMA_ASSIGN_OR_RETURN(const ScrapeProtocol protocol, ReadProtocol(node));
    media_type = MediaTypeOf(protocol);
    return Status::Ok();
  };
}

FieldReader IntoValidation(NameValidation& validation) {
  return [&validation](const YamlNode& node) -> Status {
    LUMA_ASSIGN_OR_RETURN(const std::string text, ReadText(node));
    if (!text.empty() && text != "utf8" && text != "legacy") {
      return YamlError(node,
                       "unknown metric name validation method specified, must be either '', "
                       "'legacy' or 'utf8', got " +
                           text);
    }
    validation = text == "legacy" ? NameValidation::kLegacy : NameValidation::kUtf8;
    return Status::Ok();
  };
}

FieldReader IntoEscaping(std::optional<NameEscaping>& escaping) {
  return [&escaping](const YamlNode& node) -> Status {
    LUMA_ASSIGN_OR_RETURN(const std::string text, ReadText(node));
    if (text.empty()) return Status::Ok();
    for (const auto one : {NameEscaping::kNone, NameEscaping::kUnderscores, NameEscaping::kDots,
                           NameEscaping::kValues}) {
      if (text == NameEscapingText(one)) escaping = one;
    }
    if (escaping && text == NameEscapingText(*escaping)) return Status::Ok();
    return YamlError(node,
                     "unknown metric name escaping scheme, must be one of 'allow-utf-8', "
                     "'underscores', 'dots', or 'values', got " +
                         text);
  };
}

// `global`: what jobs have that do not say it themselves.
struct GlobalConfig {
  Millis interval{60'000};
  std::optional<Millis> timeout;  // none: ten seconds, or the interval when that is less
  ScrapeConfig defaults;
};

using LimitFields = std::array<YamlField, 7>;

LimitFields LimitReaders(ScrapeLimits& limits) {
  return {{{"body_size_limit", IntoByteCount(limits.body_bytes)},
           {"sample_limit", Into(limits.samples)},
           {"target_limit", Into(limits.targets)},
           {"label_limit", Into(limits.labels)},
           {"label_name_length_limit", Into(limits.label_name_bytes)},
           {"label_value_length_limit", Into(limits.label_value_bytes)},
           {"keep_dropped_targets", Into(limits.dropped_targets_kept)}}};
}

// What `global` and a job may both say.
Result<YamlNode> TakeCommonFields(const YamlNode& node, ScrapeConfig& config) {
  const LimitFields limits = LimitReaders(config.limits);
  std::vector<ScrapeProtocol> protocols;
  std::optional<NameEscaping> escaping;
  const std::array<YamlField, 9> others = {{
      {"scrape_protocols", IntoList<ScrapeProtocol>(protocols, ReadProtocol)},
      {"metric_name_validation_scheme", IntoValidation(config.validation)},
      {"metric_name_escaping_scheme", IntoEscaping(escaping)},
      {"scrape_native_histograms", Into(config.scrape_native_histograms)},
      {"always_scrape_classic_histograms", Into(config.always_scrape_classic_histograms)},
      {"scrape_classic_histograms", Into(config.always_scrape_classic_histograms)},
      {"convert_classic_histograms_to_nhcb", Into(config.convert_classic_histograms)},
      {"extra_scrape_metrics", Into(config.extra_scrape_metrics)},
      {"scrape_failure_log_file", Into(config.failure_log_file)},
  }};
  YamlNode rest = node;
  rest.entries.clear();
  for (const auto& [key, value] : node.entries) {
    const auto* const limit = std::ranges::find(limits, key.text, &YamlField::name);
    const auto* const other = std::ranges::find(others, key.text, &YamlField::name);
    if (limit != limits.end()) {
      LUMA_RETURN_IF_ERROR(limit->read(value));
    } else if (other != others.end()) {
      LUMA_RETURN_IF_ERROR(other->read(value));
    } else {
      rest.entries.emplace_back(key, value);
    }
  }
  const std::set<ScrapeProtocol> unique(protocols.begin(), protocols.end());
  if (unique.size() != protocols.size()) {
    return YamlError(node, "duplicated protocol in scrape_protocols");
  }
  if (!protocols.empty()) config.protocols = std::move(protocols);
  const bool is_legacy = config.validation == NameValidation::kLegacy;
  if (escaping) {
    config.escaping = *escaping;
  } else if (is_legacy && config.escaping == NameEscaping::kNone) {
    config.escaping = NameEscaping::kUnderscores;
  }
  return rest;
}

Status ReadParams(const YamlNode& node, std::map<std::string, std::vector<std::string>>& params) {
  for (const auto& [key, value] : node.entries) {
    std::vector<std::string>& values = params[key.text];
    LUMA_RETURN_IF_ERROR(Into(values)(value));
  }
  return Status::Ok();
}

class ConfigReader {
 public:
  ConfigReader(const std::string& directory, PrometheusConfig& config)
      : paths_(directory), config_(config) {}

  Status Read(const YamlNode& document) {
    LUMA_RETURN_IF_ERROR(ReadSections(document));
    if (scrape_configs_ != nullptr) LUMA_RETURN_IF_ERROR(ReadJobs(*scrape_configs_));
    for (const std::string& pattern : scrape_config_files_) {
      for (const std::string& path : ExpandGlob(pattern)) LUMA_RETURN_IF_ERROR(ReadJobFile(path));
    }
    return Status::Ok();
  }

 private:
  Status ReadSections(const YamlNode& document) {
    constexpr std::string_view kInOwn = "is ignored: this server has keys of its own for it";
    auto& warnings = config_.warnings;
    return ReadFields(
        document, "config.Config",
        {{"global", [this](const YamlNode& node) { return ReadGlobal(node); }},
         {"scrape_configs",
          [this](const YamlNode& node) {
            scrape_configs_ = &node;
            return Status::Ok();
          }},
         {"scrape_config_files",
          [this](const YamlNode& node) -> Status {
            LUMA_RETURN_IF_ERROR(Into(scrape_config_files_)(node));
            for (std::string& path : scrape_config_files_) paths_.Resolve(path);
            return Status::Ok();
          }},
         {"rule_files", Ignored("rule_files", "is ignored: see files in [rules]", warnings)},
         {"alerting", [this](const YamlNode& node) { return ReadAlerting(node); }},
         {"remote_write", Refused("remote_write")},
         {"remote_read", Refused("remote_read")},
         {"storage", Ignored("storage", kInOwn, warnings)},
         {"tracing", Refused("tracing")},
         {"otlp", Ignored("otlp", kInOwn, warnings)},
         {"runtime", Ignored("runtime", kInOwn, warnings)}});
  }

  Status ReadAlerting(const YamlNode& node) {
    LUMA_ASSIGN_OR_RETURN(config_.alertmanagers, ReadAlertmanagers(node, paths_));
    return Status::Ok();
  }

  Status ReadGlobal(const YamlNode& node) {
    LUMA_ASSIGN_OR_RETURN(const YamlNode rest, TakeCommonFields(node, global_.defaults));
    Millis timeout{0};
    auto& warnings = config_.warnings;
    LUMA_RETURN_IF_ERROR(ReadFields(
        rest, "config.GlobalConfig",
        {{"scrape_interval", Into(global_.interval)},
         {"scrape_timeout", Into(timeout)},
         {"evaluation_interval",
          Ignored("evaluation_interval", "is ignored: see [rules]", warnings)},
         {"rule_query_offset", Ignored("rule_query_offset", "is ignored: see [rules]", warnings)},
         // Prometheus adds them to what it sends, not to what it stores: nothing is sent from here.
         {"external_labels",
          Ignored("external_labels", "is ignored: alerts have external_labels in [rules]",
                  warnings)},
         {"query_log_file", Refused("query_log_file")}}));
    if (timeout.count() > 0) global_.timeout = timeout;
    if (global_.timeout && *global_.timeout > global_.interval) {
      return YamlError(node, "global scrape timeout greater than scrape interval");
    }
    return Status::Ok();
  }

  Status ReadJobFile(const std::string& path) {
    std::ifstream file(path);
    if (!file) return Status::NotFound("cannot read: file=", path);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const Result<YamlNode> document = rules::ParseYaml(text);
    if (!document.ok()) return document.status().WithContext(path);
    return ReadFields(*document, "config.ScrapeConfigs",
                      {{"scrape_configs", [this](const YamlNode& node) { return ReadJobs(node); }}})
        .WithContext(path);
  }

  Status ReadJobs(const YamlNode& node) {
    if (node.IsNull()) return Status::Ok();
    if (node.kind != YamlNode::Kind::kSequence) return YamlError(node, "expected a list");
    for (const YamlNode& item : node.items) {
      LUMA_ASSIGN_OR_RETURN(ScrapeConfig job, ReadJob(item));
      if (!names_.insert(job.job_name).second) {
        return YamlError(item,
                         "found multiple scrape configs with job name \"" + job.job_name + "\"");
      }
      config_.scrape_configs.push_back(std::make_shared<const ScrapeConfig>(std::move(job)));
    }
    return Status::Ok();
  }

  Result<ScrapeConfig> ReadJob(const YamlNode& node) {
    LUMA_RETURN_IF_ERROR(RefuseOtherDiscoveries(node));
    ScrapeConfig job = global_.defaults;
    LUMA_ASSIGN_OR_RETURN(YamlNode rest, TakeHttpFields(node, paths_, job.http));
    LUMA_ASSIGN_OR_RETURN(rest, TakeCommonFields(rest, job));
    job.interval = Millis(0);
    job.timeout = Millis(0);
    LUMA_RETURN_IF_ERROR(ReadJobFields(rest, job));
    FillTimes(job);
    paths_.Resolve(job.failure_log_file);
    const Status checked = CheckScrapeConfig(job);
    if (!checked.ok()) return YamlError(node, checked.message());
    job.text = YamlTextWithoutSecrets(node) + InheritedKey(job);
    return job;
  }

  Status ReadJobFields(const YamlNode& node, ScrapeConfig& job) {
    const auto read_rule = [&job](const YamlNode& item) {
      return ReadRelabelRule(item, job.validation);
    };
    auto& found = job.discoveries;
    return ReadFields(
        node, "config.ScrapeConfig",
        {{"job_name", Into(job.job_name)},
         {"scrape_interval", Into(job.interval)},
         {"scrape_timeout", Into(job.timeout)},
         {"metrics_path", Into(job.metrics_path)},
         {"scheme", Into(job.scheme)},
         {"params", [&job](const YamlNode& value) { return ReadParams(value, job.params); }},
         {"honor_labels", Into(job.honor_labels)},
         {"honor_timestamps", Into(job.honor_timestamps)},
         {"track_timestamps_staleness", Into(job.track_timestamps_staleness)},
         {"enable_compression", Into(job.enable_compression)},
         {"fallback_scrape_protocol", IntoFallback(job.fallback_media_type)},
         {"native_histogram_bucket_limit", Into(job.limits.histogram_buckets)},
         {"native_histogram_min_bucket_factor", Into(job.limits.histogram_bucket_factor)},
         {"static_configs", IntoList<TargetGroup>(job.static_groups, ReadTargetGroup)},
         {"file_sd_configs",
          IntoList<DiscoveryConfig>(
              found, [this](const YamlNode& item) { return ReadFileDiscovery(item, paths_); })},
         {"http_sd_configs",
          IntoList<DiscoveryConfig>(
              found, [this](const YamlNode& item) { return ReadHttpDiscovery(item, paths_); })},
         {"dns_sd_configs", IntoList<DiscoveryConfig>(found, ReadDnsDiscovery)},
         {"relabel_configs", IntoList<RelabelRule>(job.relabel_rules, read_rule)},
         {"metric_relabel_configs", IntoList<RelabelRule>(job.metric_relabel_rules, read_rule)}});
  }

  void FillTimes(ScrapeConfig& job) const {
    if (job.interval.count() == 0) job.interval = global_.interval;
    if (job.timeout.count() > 0) return;
    job.timeout = std::min(global_.timeout.value_or(Millis(10'000)), job.interval);
  }

  // What `global` gives and the text of the job does not show.
  static std::string InheritedKey(const ScrapeConfig& job) {
    const ScrapeLimits& limits = job.limits;
    std::string key = "#";
    for (const int64_t duration : {job.interval.count(), job.timeout.count()}) {
      key.append(" ").append(std::to_string(duration));
    }
    for (const uint64_t limit :
         {limits.body_bytes, limits.samples, limits.targets, limits.labels, limits.label_name_bytes,
          limits.label_value_bytes, limits.dropped_targets_kept, uint64_t(job.validation)}) {
      key.append(" ").append(std::to_string(limit));
    }
    return key + "\n";
  }

  const PathResolver paths_;
  PrometheusConfig& config_;
  GlobalConfig global_;
  const YamlNode* scrape_configs_ = nullptr;
  std::vector<std::string> scrape_config_files_;
  std::set<std::string> names_;
};

}  // namespace

Result<PrometheusConfig> ParsePrometheusConfig(std::string_view text,
                                               const std::string& directory) {
  LUMA_ASSIGN_OR_RETURN(const YamlNode document, rules::ParseYaml(text));
  PrometheusConfig config;
  LUMA_RETURN_IF_ERROR(ConfigReader(directory, config).Read(document));
  config.text = YamlTextWithoutSecrets(document, kIgnoredSections);
  return config;
}

Result<PrometheusConfig> LoadPrometheusConfig(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  std::ifstream file(path);
  if (error || !file) return Status::NotFound("cannot read: file=", path);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  Result<PrometheusConfig> config = ParsePrometheusConfig(text, absolute.parent_path().string());
  if (!config.ok()) return config.status().WithContext(path);
  return config;
}

Result<std::vector<TargetGroup>> ParseTargetGroups(std::string_view text) {
  LUMA_ASSIGN_OR_RETURN(const YamlNode document, rules::ParseYaml(text));
  std::vector<TargetGroup> groups;
  LUMA_RETURN_IF_ERROR(IntoList<TargetGroup>(groups, ReadTargetGroup)(document));
  return groups;
}

}  // namespace luma::prom
