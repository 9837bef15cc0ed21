// What one scrape job does: a scrape_config of Prometheus, read and checked.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "prom/scrape/http_client_config.h"
#include "prom/scrape/relabel.h"
#include "prom/wire_histogram.h"

namespace luma::prom {

// Formats a target may be asked for, as scrape_protocols names them.
enum class ScrapeProtocol : uint8_t {
  kPrometheusProto,
  kOpenMetricsText1_0_0,
  kOpenMetricsText0_0_1,
  kPrometheusText1_0_0,
  kPrometheusText0_0_4,
};

struct TargetGroup {
  std::vector<std::string> targets = {};
  LabelBuilder::Map labels = {};
  bool operator==(const TargetGroup&) const = default;
};

struct FileDiscoveryConfig {
  std::vector<std::string> files = {};  // with * and ?; relative ones: to the configuration file
  std::chrono::milliseconds refresh_interval{300'000};
  bool operator==(const FileDiscoveryConfig&) const = default;
};

struct HttpDiscoveryConfig {
  std::string url = {};
  std::chrono::milliseconds refresh_interval{60'000};
  HttpClientConfig http = {};
  bool operator==(const HttpDiscoveryConfig&) const = default;
};

struct DnsDiscoveryConfig {
  enum class Type : uint8_t { kSrv, kA, kAaaa, kMx, kNs };
  std::vector<std::string> names = {};
  Type type = Type::kSrv;
  uint64_t port = 0;
  std::chrono::milliseconds refresh_interval{30'000};
  bool operator==(const DnsDiscoveryConfig&) const = default;
};

// Equal ones find the same.
using DiscoveryConfig = std::variant<FileDiscoveryConfig, HttpDiscoveryConfig, DnsDiscoveryConfig>;

// 0 means no limit.
struct ScrapeLimits {
  uint64_t body_bytes = 0;
  uint64_t samples = 0;
  uint64_t targets = 0;
  uint64_t labels = 0;
  uint64_t label_name_bytes = 0;
  uint64_t label_value_bytes = 0;
  uint64_t dropped_targets_kept = 0;
  uint64_t histogram_buckets = 0;      // of native histograms, which are made coarser for it
  double histogram_bucket_factor = 0;  // how much wider than the one before a bucket is at least
};

// How names with other characters than letters, digits and "_" are asked for.
enum class NameEscaping : uint8_t { kNone, kUnderscores, kDots, kValues };
std::string_view NameEscapingText(NameEscaping escaping);  // "allow-utf-8", "underscores", ...

// Plain data, immutable once read. The defaults are Prometheus'.
struct ScrapeConfig {
  std::string job_name = {};
  std::chrono::milliseconds interval{60'000};
  std::chrono::milliseconds timeout{10'000};  // no longer than the interval
  std::string metrics_path = "/metrics";
  std::string scheme = "http";
  std::map<std::string, std::vector<std::string>> params = {};
  bool honor_labels = false;
  bool honor_timestamps = true;
  bool track_timestamps_staleness = false;
  bool extra_scrape_metrics = false;
  bool scrape_native_histograms = false;
  bool always_scrape_classic_histograms = false;
  bool convert_classic_histograms = false;  // to native ones with custom buckets
  bool enable_compression = true;
  ScrapeLimits limits = {};
  std::vector<ScrapeProtocol> protocols = {};  // empty: what fits scrape_native_histograms
  std::string fallback_media_type = {};        // empty: a page of no known type is an error
  NameValidation validation = NameValidation::kUtf8;
  NameEscaping escaping = NameEscaping::kNone;
  std::string failure_log_file = {};  // empty: failures of scrapes are in no file
  HttpClientConfig http = {};
  std::vector<TargetGroup> static_groups = {};
  std::vector<DiscoveryConfig> discoveries = {};
  std::vector<RelabelRule> relabel_rules = {};
  std::vector<RelabelRule> metric_relabel_rules = {};
  std::string text = {};  // as it was read, to tell whether it has changed
};
using ScrapeConfigPtr = std::shared_ptr<const ScrapeConfig>;

std::string_view ScrapeProtocolName(ScrapeProtocol protocol);  // "PrometheusText0.0.4"

// What is sent as Accept: the protocols of the job, the first liked best, in Prometheus' words.
std::string AcceptHeader(const ScrapeConfig& config);

// As AppendWireHistogram wants them: no finer than buckets as wide as the factor says.
HistogramLimits HistogramLimitsOf(const ScrapeLimits& limits);

// A scrape_config that names no more than what a job cannot do without. Errors: kInvalidArgument.
Status CheckScrapeConfig(const ScrapeConfig& config);

}  // namespace luma::prom
