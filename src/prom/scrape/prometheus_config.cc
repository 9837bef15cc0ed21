#include "prom/scrape/prometheus_config.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "model/labels.h"
#include "prom/scrape/glob.h"
#include "prom/scrape/yaml_fields.h"

namespace luma::prom {
namespace {

using Millis = std::chrono::milliseconds;

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

// Names are sent and stored as they are, which is what "allow-utf-8" asks for.
FieldReader CheckEscaping() {
  return [](const YamlNode& node) -> Status {
    LUMA_ASSIGN_OR_RETURN(const std::string text, ReadText(node));
    if (text.empty() || text == "allow-utf-8" || text == "underscores") return Status::Ok();
    return YamlError(node,
                     "metric_name_escaping_scheme " + text + " is not supported by this server");
  };
}

// Paths of files are relative to the configuration file.
class PathResolver {
 public:
  explicit PathResolver(const std::string& directory) : directory_(directory) {}
  void Resolve(std::string& path) const {
    if (!path.empty() && !directory_.empty() && path[0] != '/') path = directory_ + "/" + path;
  }

 private:
  const std::string& directory_;
};

// ---- HTTP clients

// A key and its *_file form, of which there may be one.
Status CheckOneForm(const YamlNode& node, const Secret& secret, std::string_view name) {
  if (secret.text.empty() || secret.file.empty()) return Status::Ok();
  return YamlError(node, "at most one of " + std::string(name) + " & " + std::string(name) +
                             "_file must be configured");
}

Status ReadBasicAuth(const YamlNode& node, HttpClientConfig& http) {
  http.has_basic_auth = !node.IsNull();
  LUMA_RETURN_IF_ERROR(ReadFields(node, "config.BasicAuth",
                                  {{"username", Into(http.username.text)},
                                   {"username_file", Into(http.username.file)},
                                   {"username_ref", Refused("username_ref")},
                                   {"password", Into(http.password.text)},
                                   {"password_file", Into(http.password.file)},
                                   {"password_ref", Refused("password_ref")}}));
  LUMA_RETURN_IF_ERROR(CheckOneForm(node, http.username, "username"));
  return CheckOneForm(node, http.password, "password");
}

Status ReadAuthorization(const YamlNode& node, HttpClientConfig& http) {
  LUMA_RETURN_IF_ERROR(ReadFields(node, "config.Authorization",
                                  {{"type", Into(http.authorization_type)},
                                   {"credentials", Into(http.credentials.text)},
                                   {"credentials_file", Into(http.credentials.file)},
                                   {"credentials_ref", Refused("credentials_ref")}}));
  if (http.authorization_type == "Basic" || http.authorization_type == "basic") {
    return YamlError(node,
                     "authorization type cannot be set to \"basic\", use \"basic_auth\" "
                     "instead");
  }
  return CheckOneForm(node, http.credentials, "credentials");
}

Status ReadTls(const YamlNode& node, net::TlsOptions& tls) {
  LUMA_RETURN_IF_ERROR(ReadFields(node, "config.TLSConfig",
                                  {{"ca", Into(tls.ca_text)},
                                   {"cert", Into(tls.certificate_text)},
                                   {"key", Into(tls.key_text)},
                                   {"ca_file", Into(tls.ca_file)},
                                   {"cert_file", Into(tls.certificate_file)},
                                   {"key_file", Into(tls.key_file)},
                                   {"ca_ref", Refused("ca_ref")},
                                   {"cert_ref", Refused("cert_ref")},
                                   {"key_ref", Refused("key_ref")},
                                   {"server_name", Into(tls.server_name)},
                                   {"insecure_skip_verify", Into(tls.skip_verify)},
                                   {"min_version", Into(tls.version_min)},
                                   {"max_version", Into(tls.version_max)}}));
  const bool has_certificate = !tls.certificate_text.empty() || !tls.certificate_file.empty();
  const bool has_key = !tls.key_text.empty() || !tls.key_file.empty();
  if (has_certificate != has_key) {
    return YamlError(node,
                     "exactly one of key or key_file must be configured when a client "
                     "certificate is configured");
  }
  for (const std::string& version : {tls.version_min, tls.version_max}) {
    if (!version.empty() && !net::IsTlsVersion(version)) {
      return YamlError(node, "unknown TLS version: " + version);
    }
  }
  return Status::Ok();
}

Status ReadHeader(const YamlNode& name, const YamlNode& node, HttpClientConfig& http) {
  std::vector<std::string> values;
  std::vector<std::string> secrets;
  std::vector<std::string> files;
  LUMA_RETURN_IF_ERROR(
      ReadFields(node, "config.Header",
                 {{"values", Into(values)}, {"secrets", Into(secrets)}, {"files", Into(files)}}));
  values.insert(values.end(), secrets.begin(), secrets.end());
  for (std::string& value : values) {
    http.headers.emplace_back(name.text, Secret{.text = std::move(value)});
  }
  for (std::string& file : files) {
    http.headers.emplace_back(name.text, Secret{.file = std::move(file)});
  }
  return Status::Ok();
}

Status ReadHeaders(const YamlNode& node, HttpClientConfig& http) {
  for (const auto& [name, value] : node.entries) {
    if (name.text.find_first_of(": \r\n") != std::string::npos) {
      return YamlError(name, "bad header name: " + name.text);
    }
    LUMA_RETURN_IF_ERROR(ReadHeader(name, value, http));
  }
  return Status::Ok();
}

Status CheckAuthForms(const YamlNode& node, const HttpClientConfig& http, const Secret& bearer) {
  const int forms =
      (http.has_basic_auth ? 1 : 0) + (http.credentials.empty() ? 0 : 1) + (bearer.empty() ? 0 : 1);
  if (forms > 1) {
    return YamlError(node,
                     "at most one of basic_auth, oauth2, authorization, bearer_token & "
                     "bearer_token_file must be configured");
  }
  return CheckOneForm(node, bearer, "bearer_token");
}

// The fields of an HTTP client are inlined among those of its owner: this one collects them.
class HttpFields {
 public:
  explicit HttpFields(HttpClientConfig& http) : http_(http) {}

  // True when `key` is one of them; `status` is what came of it then.
  bool Read(const YamlNode& key, const YamlNode& value, Status& status) {
    HttpClientConfig& http = http_;
    const std::array<YamlField, 13> fields = {{
        {"basic_auth", [&http](const YamlNode& node) { return ReadBasicAuth(node, http); }},
        {"authorization", [&http](const YamlNode& node) { return ReadAuthorization(node, http); }},
        {"bearer_token", Into(bearer_.text)},
        {"bearer_token_file", Into(bearer_.file)},
        {"tls_config", [&http](const YamlNode& node) { return ReadTls(node, http.tls); }},
        {"follow_redirects", Into(http.follow_redirects)},
        {"enable_http2", [](const YamlNode&) { return Status::Ok(); }},  // never is it needed
        {"http_headers", [&http](const YamlNode& node) { return ReadHeaders(node, http); }},
        {"oauth2", Refused("oauth2")},
        {"proxy_url", Refused("proxy_url")},
        {"no_proxy", Refused("no_proxy")},
        {"proxy_from_environment", Refused("proxy_from_environment")},
        {"proxy_connect_header", Refused("proxy_connect_header")},
    }};
    const auto* const field = std::ranges::find(fields, key.text, &YamlField::name);
    if (field == fields.end()) return false;
    status = field->read(value);
    return true;
  }

  Status Finish(const YamlNode& node, const PathResolver& paths) {
    LUMA_RETURN_IF_ERROR(CheckAuthForms(node, http_, bearer_));
    if (!bearer_.empty()) http_.credentials = bearer_;
    for (std::string* const path :
         {&http_.username.file, &http_.password.file, &http_.credentials.file, &http_.tls.ca_file,
          &http_.tls.certificate_file, &http_.tls.key_file}) {
      paths.Resolve(*path);
    }
    for (auto& [name, secret] : http_.headers) paths.Resolve(secret.file);
    return Status::Ok();
  }

 private:
  HttpClientConfig& http_;
  Secret bearer_;
};

// Takes the fields of an HTTP client out of the mapping `node`, whose other fields come back.
Result<YamlNode> TakeHttpFields(const YamlNode& node, const PathResolver& paths,
                                HttpClientConfig& http) {
  YamlNode rest = node;
  rest.entries.clear();
  HttpFields fields(http);
  for (const auto& [key, value] : node.entries) {
    Status status;
    if (!fields.Read(key, value, status)) rest.entries.emplace_back(key, value);
    LUMA_RETURN_IF_ERROR(status);
  }
  LUMA_RETURN_IF_ERROR(fields.Finish(node, paths));
  return rest;
}

// ---- discovery

Result<TargetGroup> ReadTargetGroup(const YamlNode& node) {
  TargetGroup group;
  std::map<std::string, std::string> labels;
  LUMA_RETURN_IF_ERROR(ReadFields(node, "struct { Targets []string; Labels model.LabelSet }",
                                  {{"targets", Into(group.targets)}, {"labels", Into(labels)}}));
  for (auto& [name, value] : labels) {
    const std::vector<LabelRef> one = {{name, value}};
    if (!Labels::Of(one).ok()) return YamlError(node, "\"" + name + "\" is not a valid label");
    group.labels.emplace(name, std::move(value));
  }
  return group;
}

bool IsDiscoveryFileName(std::string_view path) {
  constexpr std::array<std::string_view, 6> kEndings = {".json", ".yml", ".yaml",
                                                        ".JSON", ".YML", ".YAML"};
  const bool ends_well = std::ranges::any_of(
      kEndings, [path](std::string_view ending) { return path.ends_with(ending); });
  const size_t star = path.find('*');
  return ends_well &&
         (star == std::string_view::npos || path.find('/', star) == std::string_view::npos);
}

// As long as Prometheus' durations, which count nanoseconds, are sure to reach.
constexpr Millis kRefreshMax = std::chrono::hours(24 * 365);

Status CheckRefresh(const YamlNode& node, Millis interval) {
  if (interval.count() > 0 && interval <= kRefreshMax) return Status::Ok();
  return YamlError(node, "refresh_interval must be more than 0 and at most a year");
}

Result<DiscoveryConfig> ReadFileDiscovery(const YamlNode& node, const PathResolver& paths) {
  FileDiscoveryConfig config;
  LUMA_RETURN_IF_ERROR(ReadFields(
      node, "file.SDConfig",
      {{"files", Into(config.files)}, {"refresh_interval", Into(config.refresh_interval)}}));
  LUMA_RETURN_IF_ERROR(CheckRefresh(node, config.refresh_interval));
  if (config.files.empty()) {
    return YamlError(node, "file service discovery config must contain at least one path name");
  }
  for (std::string& path : config.files) {
    if (!IsDiscoveryFileName(path)) {
      return YamlError(node, "path name \"" + path + "\" is not valid for file discovery");
    }
    paths.Resolve(path);
  }
  return DiscoveryConfig(std::move(config));
}

Result<DiscoveryConfig> ReadHttpDiscovery(const YamlNode& node, const PathResolver& paths) {
  HttpDiscoveryConfig config;
  LUMA_ASSIGN_OR_RETURN(const YamlNode rest, TakeHttpFields(node, paths, config.http));
  LUMA_RETURN_IF_ERROR(
      ReadFields(rest, "http.SDConfig",
                 {{"url", Into(config.url)}, {"refresh_interval", Into(config.refresh_interval)}}));
  LUMA_RETURN_IF_ERROR(CheckRefresh(node, config.refresh_interval));
  if (config.url.empty()) return YamlError(node, "URL is missing");
  if (!config.url.starts_with("http://") && !config.url.starts_with("https://")) {
    return YamlError(node, "URL scheme must be 'http' or 'https'");
  }
  return DiscoveryConfig(std::move(config));
}

Status ReadDnsType(const YamlNode& node, DnsDiscoveryConfig::Type& type) {
  constexpr std::array<std::string_view, 5> kTypes = {"SRV", "A", "AAAA", "MX", "NS"};
  LUMA_ASSIGN_OR_RETURN(const std::string text, ReadText(node));
  const auto* const found = std::ranges::find(kTypes, text);
  if (found == kTypes.end()) return YamlError(node, "invalid DNS-SD records type " + text);
  type = static_cast<DnsDiscoveryConfig::Type>(found - kTypes.begin());
  return Status::Ok();
}

Result<DiscoveryConfig> ReadDnsDiscovery(const YamlNode& node) {
  DnsDiscoveryConfig config;
  LUMA_RETURN_IF_ERROR(ReadFields(
      node, "dns.SDConfig",
      {{"names", Into(config.names)},
       {"type", [&config](const YamlNode& value) { return ReadDnsType(value, config.type); }},
       {"port", Into(config.port)},
       {"refresh_interval", Into(config.refresh_interval)}}));
  LUMA_RETURN_IF_ERROR(CheckRefresh(node, config.refresh_interval));
  if (config.names.empty()) {
    return YamlError(node, "DNS-SD config must contain at least one SRV record name");
  }
  const bool needs_port = config.type != DnsDiscoveryConfig::Type::kSrv;
  if (needs_port && (config.port == 0 || config.port > UINT16_MAX)) {
    return YamlError(node, "a port is required in DNS-SD configs for all record types except SRV");
  }
  return DiscoveryConfig(std::move(config));
}

// Kinds of discovery that Prometheus has and this server has not.
constexpr std::array<std::string_view, 24> kOtherDiscoveries = {
    "azure_sd_configs",     "consul_sd_configs",      "digitalocean_sd_configs",
    "docker_sd_configs",    "dockerswarm_sd_configs", "ec2_sd_configs",
    "eureka_sd_configs",    "gce_sd_configs",         "hetzner_sd_configs",
    "ionos_sd_configs",     "kubernetes_sd_configs",  "kuma_sd_configs",
    "lightsail_sd_configs", "linode_sd_configs",      "marathon_sd_configs",
    "nerve_sd_configs",     "nomad_sd_configs",       "openstack_sd_configs",
    "ovhcloud_sd_configs",  "puppetdb_sd_configs",    "scaleway_sd_configs",
    "serverset_sd_configs", "triton_sd_configs",      "uyuni_sd_configs"};

Status RefuseOtherDiscoveries(const YamlNode& node) {
  for (const auto& [key, value] : node.entries) {
    if (std::ranges::find(kOtherDiscoveries, key.text) != kOtherDiscoveries.end()) {
      return YamlError(key, key.text +
                                " is not supported by this server; file_sd_configs and "
                                "http_sd_configs take the lists of any other program");
    }
  }
  return Status::Ok();
}

// ---- jobs

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
  const std::array<YamlField, 9> others = {{
      {"scrape_protocols", IntoList<ScrapeProtocol>(protocols, ReadProtocol)},
      {"metric_name_validation_scheme", IntoValidation(config.validation)},
      {"metric_name_escaping_scheme", CheckEscaping()},
      {"scrape_native_histograms", Into(config.scrape_native_histograms)},
      {"always_scrape_classic_histograms", Into(config.always_scrape_classic_histograms)},
      {"scrape_classic_histograms", Into(config.always_scrape_classic_histograms)},
      {"convert_classic_histograms_to_nhcb", Refused("convert_classic_histograms_to_nhcb")},
      {"extra_scrape_metrics", Into(config.extra_scrape_metrics)},
      {"scrape_failure_log_file", Refused("scrape_failure_log_file")},
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
         {"alerting", Ignored("alerting", "is ignored: see alertmanagers in [rules]", warnings)},
         {"remote_write", Refused("remote_write")},
         {"remote_read", Refused("remote_read")},
         {"storage", Ignored("storage", kInOwn, warnings)},
         {"tracing", Refused("tracing")},
         {"otlp", Ignored("otlp", kInOwn, warnings)},
         {"runtime", Ignored("runtime", kInOwn, warnings)}});
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
         {"native_histogram_bucket_limit", Refused("native_histogram_bucket_limit")},
         {"native_histogram_min_bucket_factor", Refused("native_histogram_min_bucket_factor")},
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
  config.text = YamlTextWithoutSecrets(document);
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
