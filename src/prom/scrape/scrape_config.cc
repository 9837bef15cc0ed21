#include "prom/scrape/scrape_config.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace luma::prom {
namespace {

struct ProtocolText {
  std::string_view name;
  std::string_view header;
  bool has_escaping = false;
};
constexpr std::array<ProtocolText, 5> kProtocols = {{
    {"PrometheusProto",
     "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"},
    {"OpenMetricsText1.0.0", "application/openmetrics-text;version=1.0.0", true},
    {"OpenMetricsText0.0.1", "application/openmetrics-text;version=0.0.1"},
    {"PrometheusText1.0.0", "text/plain;version=1.0.0", true},
    {"PrometheusText0.0.4", "text/plain;version=0.0.4"},
}};

std::vector<ScrapeProtocol> ProtocolsOf(const ScrapeConfig& config) {
  if (!config.protocols.empty()) return config.protocols;
  std::vector<ScrapeProtocol> protocols = {
      ScrapeProtocol::kOpenMetricsText1_0_0, ScrapeProtocol::kOpenMetricsText0_0_1,
      ScrapeProtocol::kPrometheusText1_0_0, ScrapeProtocol::kPrometheusText0_0_4};
  if (config.scrape_native_histograms) {
    protocols.insert(protocols.begin(), ScrapeProtocol::kPrometheusProto);
  }
  return protocols;
}

}  // namespace

std::string_view ScrapeProtocolName(ScrapeProtocol protocol) {
  return kProtocols[static_cast<size_t>(protocol)].name;
}

std::string_view NameEscapingText(NameEscaping escaping) {
  constexpr std::array<std::string_view, 4> kTexts = {"allow-utf-8", "underscores", "dots",
                                                      "values"};
  return kTexts[static_cast<size_t>(escaping)];
}

std::string AcceptHeader(const ScrapeConfig& config) {
  std::string header;
  size_t weight = kProtocols.size() + 1;
  for (const ScrapeProtocol protocol : ProtocolsOf(config)) {
    const ProtocolText& text = kProtocols[static_cast<size_t>(protocol)];
    header.append(text.header);
    if (text.has_escaping) header.append(";escaping=").append(NameEscapingText(config.escaping));
    header.append(";q=0." + std::to_string(weight--) + ",");
  }
  return header + "*/*;q=0." + std::to_string(weight);
}

HistogramLimits HistogramLimitsOf(const ScrapeLimits& limits) {
  HistogramLimits found{.buckets_max = limits.histogram_buckets};
  if (limits.histogram_bucket_factor > 1) {
    const double schema = std::floor(-std::log2(std::log2(limits.histogram_bucket_factor)));
    found.schema_max = static_cast<int32_t>(
        std::clamp<double>(schema, kExponentialSchemaMin, kExponentialSchemaMax));
  }
  return found;
}

Status CheckScrapeConfig(const ScrapeConfig& config) {
  if (config.job_name.empty()) return Status::InvalidArgument("job_name is empty");
  if (config.interval.count() <= 0 || config.timeout.count() <= 0) {
    return Status::InvalidArgument(
        "scrape interval and timeout must be more than 0 for scrape config with job name \"",
        config.job_name, "\"");
  }
  if (config.timeout > config.interval) {
    return Status::InvalidArgument(
        "scrape timeout greater than scrape interval for scrape config with job name \"",
        config.job_name, "\"");
  }
  if (config.validation == NameValidation::kLegacy && config.escaping == NameEscaping::kNone) {
    return Status::InvalidArgument(
        "utf8 metric names requested but validation scheme is not set to UTF8");
  }
  const bool good_path = config.metrics_path.starts_with('/') &&
                         config.metrics_path.find_first_of(" \t\r\n") == std::string::npos;
  if (!good_path) {
    return Status::InvalidArgument("metrics_path must begin with a slash and have no spaces: \"",
                                   config.metrics_path, "\"");
  }
  if (config.scheme == "http" || config.scheme == "https") return Status::Ok();
  return Status::InvalidArgument("scheme must be http or https: \"", config.scheme, "\"");
}

}  // namespace luma::prom
