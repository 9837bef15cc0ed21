#include "server/config.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "server/cold_location.h"
#include "server/config_keys.h"
#include "server/internal/downsampling_rules.h"
#include "server/internal/retention_rules.h"
#include "server/internal/scrape_jobs.h"
#include "server/internal/toml.h"
#include "server/rule_settings.h"

namespace luma::server {
namespace {

// Where a key got its value, for errors that are found later: "luma.toml:12" or "--set wal.sync".
using Origin = std::string;

constexpr std::string_view kPasswordVariable = "LUMA_AUTH_PASSWORD";

Status At(const Origin& origin, const Status& status) { return status.WithContext(origin); }

std::string TypeName(const toml::node& node) {
  std::ostringstream out;
  out << node.type();
  return out.str();
}

Status SetNode(const ConfigKey& key, const toml::node& node, Config& config) {
  if (key.path == "scrape.jobs") {
    LUMA_ASSIGN_OR_RETURN(config.scrape.jobs, ReadScrapeJobs(node));
    return Status::Ok();
  }
  if (key.path == "retention.rules") {
    LUMA_ASSIGN_OR_RETURN(config.retention.rules, ReadRetentionRules(node));
    return Status::Ok();
  }
  if (key.path == "downsampling.rules") {
    LUMA_ASSIGN_OR_RETURN(config.downsampling.rules, ReadDownsamplingRules(node));
    return Status::Ok();
  }
  if (const auto value = node.value_exact<bool>()) return SetBool(key, *value, config);
  if (const auto value = node.value_exact<int64_t>()) return SetInteger(key, *value, config);
  if (const auto value = node.value_exact<std::string>()) return SetText(key, *value, config);
  return Status::InvalidArgument("a value of this type fits no key: given=", TypeName(node));
}

class ConfigBuilder {
 public:
  Status ApplyFile(std::string_view text, std::string_view file_name);
  Status ApplySet(std::string_view argument);
  Status ReadSecrets();
  // The rules that concern more than one key.
  Status Check() const;

  Config Take() { return std::move(config_); }

 private:
  Status ApplySection(std::string_view section, const toml::node& node);
  Status ApplyKey(std::string_view path, const toml::node& node);
  Status ReadFirstLine(const std::string& key, const std::string& path, std::string& secret) const;
  Status CheckBodies() const;
  Status CheckAuth() const;
  Status CheckListener(const std::string& section, std::string_view host, bool authenticated) const;
  Status CheckScrape() const;
  Status CheckCold() const;
  Status CheckRules() const;
  Origin OriginOf(const toml::node& node) const;
  Status AtKey(const std::string& path, const Status& status) const;

  Config config_;
  std::string file_name_;
  std::map<std::string, Origin> origins_;  // by "section.name"
};

Origin ConfigBuilder::OriginOf(const toml::node& node) const {
  return fmt::format("{}:{}", file_name_, node.source().begin.line);
}

Status ConfigBuilder::AtKey(const std::string& path, const Status& status) const {
  const auto origin = origins_.find(path);
  return origin == origins_.end() ? status : At(origin->second, status);
}

Status ConfigBuilder::ApplyFile(std::string_view text, std::string_view file_name) {
  file_name_ = file_name;
  const toml::parse_result parsed = toml::parse(text, file_name);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return At(fmt::format("{}:{}", file_name, error.source().begin.line),
              Status::InvalidArgument("not TOML: ", error.description()));
  }
  for (const auto& [section, node] : parsed.table()) {
    LUMA_RETURN_IF_ERROR(ApplySection(section.str(), node));
  }
  return Status::Ok();
}

Status ConfigBuilder::ApplySection(std::string_view section, const toml::node& node) {
  if (SectionDoc(section).empty() || !node.is_table()) {
    return At(OriginOf(node), UnknownKey(section));
  }
  for (const auto& [name, value] : *node.as_table()) {
    LUMA_RETURN_IF_ERROR(ApplyKey(fmt::format("{}.{}", section, name.str()), value));
  }
  return Status::Ok();
}

Status ConfigBuilder::ApplyKey(std::string_view path, const toml::node& node) {
  const Origin origin = OriginOf(node);
  const ConfigKey* key = FindConfigKey(path);
  if (key == nullptr) return At(origin, UnknownKey(path));
  origins_[std::string(path)] = origin;
  const Status status = SetNode(*key, node, config_);
  if (status.ok()) return status;
  const bool is_jobs = key->path == "scrape.jobs";
  return At(is_jobs ? OriginOf(FaultOfScrapeJobs(node)) : origin, status.WithContext(path));
}

// The value may be written as in the file, or as plain text where the key takes text.
Status ConfigBuilder::ApplySet(std::string_view argument) {
  const size_t equals = argument.find('=');
  const std::string path(argument.substr(0, equals));
  const Origin origin = fmt::format("--set {}", path);
  const ConfigKey* key = FindConfigKey(path);
  if (equals == std::string_view::npos) {
    return At(origin, Status::InvalidArgument("expected section.key=value"));
  }
  if (key == nullptr) return At(origin, UnknownKey(path));
  origins_[path] = origin;
  const std::string_view value = argument.substr(equals + 1);
  const toml::parse_result parsed = toml::parse(fmt::format("value = {}", value));
  const toml::node* node = parsed ? parsed.table().get("value") : nullptr;
  const bool takes_text = !std::holds_alternative<bool& (*)(Config&)>(key->field) &&
                          !std::holds_alternative<int64_t& (*)(Config&)>(key->field);
  const bool is_text = node == nullptr || (takes_text && !node->is_string() && !node->is_array());
  const Status status = is_text ? SetText(*key, value, config_) : SetNode(*key, *node, config_);
  return status.ok() ? status : At(origin, status);
}

// Leaves `secret` as it is when `path`, the value of `key`, is empty.
Status ConfigBuilder::ReadFirstLine(const std::string& key, const std::string& path,
                                    std::string& secret) const {
  if (path.empty()) return Status::Ok();
  std::ifstream file(path);
  if (std::getline(file, secret)) return Status::Ok();
  return AtKey(key, Status::NotFound("cannot read the secret: key=", key, " path=", path));
}

Status ConfigBuilder::ReadSecrets() {
  LUMA_RETURN_IF_ERROR(
      ReadFirstLine("cold.secret_key_file", config_.cold.secret_key_file, config_.cold.secret_key));
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in the process changes the environment
  if (const char* password = std::getenv(kPasswordVariable.data())) {
    config_.auth.password = password;
    return Status::Ok();
  }
  return ReadFirstLine("auth.password_file", config_.auth.password_file, config_.auth.password);
}

Status ConfigBuilder::Check() const {
  LUMA_RETURN_IF_ERROR(CheckBodies());
  LUMA_RETURN_IF_ERROR(CheckAuth());
  const bool sql_authenticated = config_.auth.require_auth && config_.auth.method != "trust";
  LUMA_RETURN_IF_ERROR(CheckListener("server", config_.server.host, config_.server.require_auth));
  LUMA_RETURN_IF_ERROR(CheckListener("postgres", config_.postgres.host, sql_authenticated));
  if (config_.metrics.enabled) {
    LUMA_RETURN_IF_ERROR(
        CheckListener("metrics", config_.metrics.host, config_.metrics.require_auth));
  }
  LUMA_RETURN_IF_ERROR(CheckCold());
  LUMA_RETURN_IF_ERROR(CheckRules());
  return CheckScrape();
}

// A body that can never fit would be answered "try again later" for ever.
Status ConfigBuilder::CheckBodies() const {
  const auto& server = config_.server;
  const bool is_share = server.body_memory.bytes == 0;  // then it is large enough
  if (is_share || server.body_limit.bytes <= server.body_memory.bytes / 2) return Status::Ok();
  const bool limit_was_set = origins_.contains("server.body_limit");
  return AtKey(limit_was_set ? "server.body_limit" : "server.body_memory",
               Status::InvalidArgument("server.body_limit is above half of server.body_memory: ",
                                       FormatByteCount(server.body_limit), " of ",
                                       FormatByteCount(server.body_memory)));
}

Status ConfigBuilder::CheckAuth() const {
  const std::pair<std::string, bool> switches[] = {
      {"auth.require_auth", config_.auth.require_auth},
      {"server.require_auth", config_.server.require_auth},
      {"metrics.require_auth", config_.metrics.require_auth},
      {"otlp.require_auth", config_.otlp.require_auth}};
  for (const auto& [key, on] : switches) {
    if (on && config_.auth.password.empty()) {
      return AtKey(key, Status::InvalidArgument(key, " needs a password: set auth.password_file"));
    }
  }
  if (!config_.metrics.path.starts_with('/')) {
    return AtKey("metrics.path", Status::InvalidArgument("metrics.path must begin with a slash"));
  }
  return Status::Ok();
}

Status ConfigBuilder::CheckListener(const std::string& section, std::string_view host,
                                    bool authenticated) const {
  if (authenticated || IsLoopback(host) || config_.server.allow_unauthenticated_remote) {
    return Status::Ok();
  }
  return AtKey(section + ".host",
               Status::InvalidArgument(
                   "refusing to serve other machines without a password: ", section, ".host=", host)
                   .WithHint("set require_auth, or server.allow_unauthenticated_remote = true"));
}

Status ConfigBuilder::CheckScrape() const {
  const auto& scrape = config_.scrape;
  if (scrape.self && config_.metrics.enabled && config_.metrics.require_auth) {
    return AtKey("metrics.require_auth",
                 Status::InvalidArgument("metrics.require_auth needs scrape.self = false"));
  }
  // The default gives way to a short interval; only what was asked for can contradict it.
  const bool timeout_was_set = origins_.contains("scrape.scrape_timeout");
  if (timeout_was_set && scrape.scrape_timeout > scrape.global_interval) {
    return AtKey("scrape.scrape_timeout",
                 Status::InvalidArgument("scrape.scrape_timeout is above scrape.global_interval"));
  }
  for (const ScrapeJob& job : scrape.jobs) {
    const Duration interval = job.interval.count() > 0 ? job.interval : scrape.global_interval;
    const Duration timeout = job.timeout.count() > 0 ? job.timeout : scrape.scrape_timeout;
    if (job.timeout.count() > 0 && timeout > interval) {
      return AtKey("scrape.jobs", Status::InvalidArgument("timeout above interval: job=", job.job));
    }
  }
  return Status::Ok();
}

Status ConfigBuilder::CheckRules() const {
  const Status status = AlertNotifierOptionsOf(config_).status();
  return status.ok() ? status : AtKey("rules.alertmanagers", status);
}

Status ConfigBuilder::CheckCold() const {
  const auto& cold = config_.cold;
  const Result<ColdLocation> location = ParseColdLocation(cold.store);
  if (!location.ok()) return AtKey("cold.store", location.status().WithContext("cold.store"));
  if (cold.access_key.empty() != cold.secret_key.empty()) {
    return AtKey(cold.access_key.empty() ? "cold.secret_key" : "cold.access_key",
                 Status::InvalidArgument("cold.access_key and cold.secret_key need each other"));
  }
  const bool has_scheme =
      cold.endpoint.starts_with("https://") || cold.endpoint.starts_with("http://");
  if (cold.endpoint.find('@') != std::string::npos) {
    return AtKey("cold.endpoint",
                 Status::InvalidArgument("cold.endpoint must not have credentials: they go into "
                                         "cold.access_key and cold.secret_key_file"));
  }
  if (!cold.endpoint.empty() && !has_scheme) {
    return AtKey("cold.endpoint",
                 Status::InvalidArgument("cold.endpoint must begin with https:// or http://"));
  }
  return Status::Ok();
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!(file && text << file.rdbuf())) {
    return Status::NotFound(
        "cannot read the configuration: path=", path, " error=",
        std::strerror(errno));  // NOLINT(concurrency-mt-unsafe): see ReadSecrets
  }
  return std::move(text).str();
}

}  // namespace

Result<Config> ParseConfig(std::string_view text, std::string_view file_name,
                           const std::vector<std::string>& sets) {
  ConfigBuilder builder;
  LUMA_RETURN_IF_ERROR(builder.ApplyFile(text, file_name));
  for (const std::string& set : sets) LUMA_RETURN_IF_ERROR(builder.ApplySet(set));
  LUMA_RETURN_IF_ERROR(builder.ReadSecrets());
  LUMA_RETURN_IF_ERROR(builder.Check());
  return builder.Take();
}

Result<Config> LoadConfig(const ConfigArguments& arguments) {
  std::string text;
  if (!arguments.file.empty()) {
    LUMA_ASSIGN_OR_RETURN(text, ReadFile(arguments.file));
  }
  return ParseConfig(text, arguments.file, arguments.sets);
}

ConfigChange Reload(const Config& loaded, Config& running) {
  ConfigChange change;
  for (const ConfigKey& key : ConfigKeys()) {
    if (!CopyIfDifferent(key, loaded, running, /*copy=*/key.reloadable)) continue;
    (key.reloadable ? change.applied : change.needs_restart).emplace_back(key.path);
  }
  return change;
}

bool IsLoopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace luma::server
