#include "prom/scrape/prometheus_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace luma::prom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

std::string ErrorOf(std::string_view yaml) {
  return std::string(ParsePrometheusConfig(yaml, "/etc").status().message());
}

ScrapeConfig JobOf(std::string_view yaml) {
  const Result<PrometheusConfig> config = ParsePrometheusConfig(yaml, "/etc");
  EXPECT_TRUE(config.ok()) << config.status();
  return config.ok() ? *config->scrape_configs.at(0) : ScrapeConfig();
}

TEST(PrometheusConfigTest, AJobTakesWhatItDoesNotSayFromGlobal) {
  const ScrapeConfig job = JobOf(R"(
scrape_configs:
  - job_name: a
    sample_limit: 7
global:
  scrape_interval: 20s
  scrape_timeout: 15s
  sample_limit: 5
  label_limit: 6
  convert_classic_histograms_to_nhcb: true
  body_size_limit: 10MB
  scrape_protocols: [PrometheusText0.0.4]
)");
  EXPECT_EQ(job.interval, seconds(20));
  EXPECT_EQ(job.timeout, seconds(15));
  EXPECT_EQ(job.limits.samples, 7u);
  EXPECT_EQ(job.limits.labels, 6u);
  EXPECT_EQ(job.limits.body_bytes, 10u << 20);
  EXPECT_THAT(job.protocols, ElementsAre(ScrapeProtocol::kPrometheusText0_0_4));
  EXPECT_TRUE(job.honor_timestamps);
  EXPECT_TRUE(job.convert_classic_histograms);
  EXPECT_FALSE(job.http.follow_redirects);
}

TEST(PrometheusConfigTest, AShortIntervalShortensTheTimeoutThatNobodyNamed) {
  const ScrapeConfig job = JobOf("scrape_configs: [{job_name: a, scrape_interval: 500ms}]");
  EXPECT_EQ(job.timeout, milliseconds(500));
}

TEST(PrometheusConfigTest, ReadsEveryKeyOfAJob) {
  const ScrapeConfig job = JobOf(R"(
scrape_configs:
  - job_name: all
    scrape_interval: 1m30s
    scrape_timeout: 5s
    metrics_path: /probe
    params: {module: [http, tcp], debug: ['1']}
    scheme: https
    honor_labels: true
    honor_timestamps: false
    track_timestamps_staleness: true
    enable_compression: false
    follow_redirects: true
    body_size_limit: 64KiB
    target_limit: 3
    keep_dropped_targets: 4
    label_name_length_limit: 10
    label_value_length_limit: 20
    fallback_scrape_protocol: PrometheusText0.0.4
    metric_name_validation_scheme: legacy
    basic_auth: {username: u, password_file: secret/p}
    tls_config: {ca_file: ca.pem, server_name: n, insecure_skip_verify: true, min_version: TLS13}
    http_headers: {X-Scope: {values: [a]}}
    native_histogram_bucket_limit: 100
    native_histogram_min_bucket_factor: 1.1
    scrape_failure_log_file: failures.log
    static_configs:
      - targets: ['h:1', 'h:2']
        labels: {zone: z}
    file_sd_configs: [{files: ['targets/*.yml'], refresh_interval: 1s}]
    http_sd_configs: [{url: 'http://h/x', bearer_token: t}]
    dns_sd_configs: [{names: [n], type: A, port: 9100}]
    relabel_configs: [{source_labels: [a], target_label: b}]
    metric_relabel_configs: [{regex: x, action: labeldrop}]
)");
  EXPECT_EQ(job.interval, seconds(90));
  EXPECT_THAT(job.params.at("module"), ElementsAre("http", "tcp"));
  EXPECT_TRUE(job.honor_labels && job.track_timestamps_staleness && job.http.follow_redirects);
  EXPECT_FALSE(job.honor_timestamps || job.enable_compression);
  EXPECT_EQ(job.limits.body_bytes, 64u << 10);
  EXPECT_EQ(job.fallback_media_type, "text/plain");
  EXPECT_EQ(job.validation, NameValidation::kLegacy);
  EXPECT_EQ(job.escaping, NameEscaping::kUnderscores) << "which legacy names need";
  EXPECT_EQ(job.limits.histogram_buckets, 100u);
  EXPECT_EQ(HistogramLimitsOf(job.limits).schema_max, 2);
  EXPECT_EQ(job.failure_log_file, "/etc/failures.log");
  EXPECT_EQ(job.http.password.file, "/etc/secret/p");
  EXPECT_EQ(job.http.tls.ca_file, "/etc/ca.pem");
  EXPECT_EQ(job.static_groups.at(0).labels.at("zone"), "z");
  ASSERT_EQ(job.discoveries.size(), 3u);
  EXPECT_THAT(std::get<FileDiscoveryConfig>(job.discoveries[0]).files,
              ElementsAre("/etc/targets/*.yml"));
  EXPECT_EQ(std::get<HttpDiscoveryConfig>(job.discoveries[1]).http.credentials.text, "t");
  EXPECT_EQ(std::get<DnsDiscoveryConfig>(job.discoveries[2]).port, 9100u);
  EXPECT_EQ(job.relabel_rules.size() + job.metric_relabel_rules.size(), 2u);
}

TEST(PrometheusConfigTest, MistakesAreNamedWithTheirLine) {
  const struct {
    const char* yaml;
    const char* expected;
  } cases[] = {
      {"scrape_configs:\n- job_name: a\n  unknown: 1\n",
       "line 3: field unknown not found in type config.ScrapeConfig"},
      {"nonsense: {}\n", "line 1: field nonsense not found in type config.Config"},
      {"scrape_configs:\n- job_name: a\n- job_name: a\n",
       "line 3: found multiple scrape configs with job name \"a\""},
      {"scrape_configs:\n- metrics_path: /\n", "job_name is empty"},
      {"scrape_configs: [{job_name: a, scrape_interval: 5s, scrape_timeout: 6s}]",
       "scrape timeout greater than scrape interval"},
      {"global: {scrape_interval: 5s, scrape_timeout: 6s}",
       "global scrape timeout greater than scrape interval"},
      {"scrape_configs: [{job_name: a, scrape_interval: 5 parsecs}]", "not a valid duration"},
      {"scrape_configs: [{job_name: a, scheme: gopher}]", "scheme must be http or https"},
      {"scrape_configs: [{job_name: a, honor_labels: maybe}]", "expected true or false"},
      {"scrape_configs: [{job_name: a, body_size_limit: 3XB}]", "not a valid size"},
      {"scrape_configs: [{job_name: a, scrape_protocols: [Carrier]}]",
       "unknown scrape protocol Carrier"},
      {"scrape_configs: [{job_name: a, bearer_token: t, basic_auth: {username: u}}]",
       "at most one of basic_auth"},
      {"scrape_configs: [{job_name: a, file_sd_configs: [{files: [x.txt]}]}]",
       "is not valid for file discovery"},
      {"scrape_configs: [{job_name: a, http_sd_configs: [{url: 'http://h', refresh_interval: "
       "0s}]}]",
       "refresh_interval must be more than 0"},
      {"scrape_configs: [{job_name: a, dns_sd_configs: [{names: [n], type: A}]}]",
       "a port is required"},
      {"scrape_configs:\n- job_name: a\n  ec2_sd_configs: [{}]\n",
       "line 3: ec2_sd_configs is not supported"},
      {"scrape_configs:\n- job_name: a\n  kubernetes_sd_configs: [{role: pod}]\n",
       "line 3: kubernetes_sd_configs is not supported"},
      {"scrape_configs:\n- job_name: a\n  newest_sd_configs: [{}]\n",
       "line 3: newest_sd_configs is not supported"},
      {"scrape_configs: [{job_name: a, http_headers: {authorization: {values: [x]}}}]",
       "setting header \"authorization\" is not allowed"},
      {"scrape_configs: [{job_name: a, metric_name_escaping_scheme: runes}]",
       "unknown metric name escaping scheme"},
      {"scrape_configs: [{job_name: a, metric_name_validation_scheme: legacy, "
       "metric_name_escaping_scheme: allow-utf-8}]",
       "utf8 metric names requested but validation scheme is not set to UTF8"},
      {"scrape_configs: [{job_name: a, proxy_url: 'ftp://h'}]",
       "proxy_url must begin with http://"},
      {"scrape_configs: [{job_name: a, no_proxy: h}]", "proxy_url must also be configured"},
      {"scrape_configs: [{job_name: a, proxy_url: 'http://h', proxy_from_environment: true}]",
       "proxy_url must not be configured"},
      {"scrape_configs: [{job_name: a, proxy_from_environment: true, no_proxy: h}]",
       "no_proxy must not be configured"},
      {"scrape_configs: [{job_name: a, proxy_connect_header: {x: [y]}}]",
       "proxy_url or proxy_from_environment must also"},
      {"scrape_configs: [{job_name: a, proxy_url: 'http://h', proxy_connect_header: {'x:': [y]}}]",
       "bad header in proxy_connect_header"},
      {"remote_write: [{url: 'http://h'}]", "remote_write is not supported by this server"},
      {"scrape_configs: [{job_name: a, oauth2: {token_url: 'http://h'}}]",
       "oauth2 client_id must be configured"},
      {"scrape_configs: [{job_name: a, oauth2: {client_id: x}}]",
       "oauth2 token_url must be configured"},
      {"scrape_configs: [{job_name: a, oauth2: {client_id: x, token_url: 'file:///x'}}]",
       "oauth2 token_url must begin with http://"},
      {"scrape_configs: [{job_name: a, oauth2: {client_id: x, token_url: 'http://h', "
       "client_secret: a, client_secret_file: b}}]",
       "at most one of oauth2 client_secret"},
      {"scrape_configs: [{job_name: a, oauth2: {client_id: x, token_url: 'http://h', "
       "grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer'}}]",
       "oauth2 grant_type urn:ietf:params:oauth:grant-type:jwt-bearer is not supported"},
      {"scrape_configs: [{job_name: a, bearer_token: t, oauth2: {client_id: x, token_url: "
       "'http://h'}}]",
       "at most one of basic_auth, oauth2"},
      {"scrape_configs: {}", "expected a list"},
  };
  for (const auto& one : cases) EXPECT_THAT(ErrorOf(one.yaml), HasSubstr(one.expected)) << one.yaml;
}

TEST(PrometheusConfigTest, WhatHasKeysOfItsOwnHereIsIgnoredAndSaid) {
  const PrometheusConfig config =
      ParsePrometheusConfig("rule_files: [a.yml]\nglobal: {external_labels: {a: b}}\n", "").value();
  EXPECT_THAT(config.warnings, ElementsAre(HasSubstr("line 1: rule_files is ignored"),
                                           HasSubstr("line 2: external_labels is ignored")));
}

TEST(PrometheusConfigTest, AlertmanagersAreReachedAsTheFileSays) {
  const PrometheusConfig config = ParsePrometheusConfig(R"(
alerting:
  alert_relabel_configs: [{target_label: a, replacement: b}]
  alertmanagers:
  - scheme: https
    path_prefix: /am/
    timeout: 3s
    basic_auth: {username: u, password_file: secret}
    tls_config: {ca_file: /ca.pem, insecure_skip_verify: true}
    alert_relabel_configs: [{target_label: c, replacement: d}]
    static_configs: [{targets: ['one:9093', 'two']}]
  - static_configs: [{targets: ['three:1']}]
)",
                                                        "/etc")
                                      .value();
  ASSERT_EQ(config.alertmanagers.size(), 3u);
  const Alertmanager& one = config.alertmanagers[0];
  EXPECT_EQ(one.url, "https://one:9093/am/api/v2/alerts");
  EXPECT_EQ(config.alertmanagers[1].url, "https://two:443/am/api/v2/alerts");
  EXPECT_EQ(config.alertmanagers[2].url, "http://three:1/api/v2/alerts");
  EXPECT_EQ(one.timeout, std::chrono::seconds(3));
  EXPECT_EQ(one.http.username.text, "u");
  EXPECT_EQ(one.http.password.file, "/etc/secret");
  EXPECT_TRUE(one.http.tls.skip_verify);
  EXPECT_EQ(one.alert_relabel_rules.size(), 2u);
  EXPECT_EQ(config.alertmanagers[2].alert_relabel_rules.size(), 1u);
  EXPECT_EQ(one, config.alertmanagers[0]);
  EXPECT_FALSE(one == config.alertmanagers[1]);
}

// As in Prometheus, where the other labels are for relabel_configs.
TEST(PrometheusConfigTest, LabelsOfAlertmanagersSayWhereTheirApiIs) {
  const PrometheusConfig config = ParsePrometheusConfig(R"(
alerting:
  alertmanagers:
  - path_prefix: am
    static_configs:
    - {targets: [a], labels: {__scheme__: https, zone: x}}
    - {targets: ['b:1'], labels: {__alerts_path__: own/path}}
)",
                                                        "")
                                      .value();
  ASSERT_EQ(config.alertmanagers.size(), 2u);
  EXPECT_EQ(config.alertmanagers[0].url, "https://a:443/am/api/v2/alerts");
  EXPECT_EQ(config.alertmanagers[1].url, "http://b:1/own/path");
  EXPECT_THAT(ErrorOf("alerting: {alertmanagers: [{static_configs: [{targets: [a], "
                      "labels: {__scheme__: ftp}}]}]}"),
              HasSubstr("not the address of an Alertmanager"));
}

TEST(PrometheusConfigTest, AlertmanagersThatCannotBeReachedSoAreErrors) {
  const std::string with_password =
      ErrorOf("alerting: {alertmanagers: [{static_configs: [{targets: ['u:geheim@h:1']}]}]}");
  EXPECT_THAT(with_password, HasSubstr("url=http://u:xxxxx@h:1 "));
  EXPECT_THAT(
      ErrorOf("alerting: {alertmanagers: [{scheme: ftp, static_configs: [{targets: [a]}]}]}"),
      HasSubstr("not the address of an Alertmanager"));
  EXPECT_THAT(ErrorOf("alerting: {alertmanagers: [{api_version: v1}]}"), HasSubstr("[v2]"));
  EXPECT_THAT(ErrorOf("alerting: {alertmanagers: [{file_sd_configs: [{files: [a.yml]}]}]}"),
              HasSubstr("file_sd_configs is not supported"));
  EXPECT_THAT(ErrorOf("alerting: {alertmanager: []}"), HasSubstr("not found in type"));
}

TEST(PrometheusConfigTest, ClientsHaveTokensAndProxies) {
  const ScrapeConfig job = JobOf(R"(
scrape_configs:
  - job_name: a
    oauth2:
      client_id: me
      client_secret_file: secret
      token_url: https://auth/token
      scopes: [read, write]
      endpoint_params: {audience: x}
      tls_config: {ca_file: ca.pem}
      proxy_from_environment: true
    proxy_url: http://u:geheim@proxy:3128
    no_proxy: 10.0.0.0/8
    proxy_connect_header: {X-Key: [a, b]}
    http_sd_configs: [{url: 'http://h/x', proxy_url: 'socks5://h'}]
)");
  const OAuth2Config& oauth2 = job.http.oauth2.value();
  EXPECT_EQ(oauth2.client_id, "me");
  EXPECT_EQ(oauth2.client_secret.file, "/etc/secret");
  EXPECT_EQ(oauth2.token_url, "https://auth/token");
  EXPECT_THAT(oauth2.scopes, ElementsAre("read", "write"));
  EXPECT_EQ(oauth2.endpoint_params.at("audience"), "x");
  EXPECT_EQ(oauth2.tls.ca_file, "/etc/ca.pem");
  EXPECT_TRUE(oauth2.proxy.from_environment);
  EXPECT_EQ(job.http.proxy.no_proxy, "10.0.0.0/8");
  EXPECT_THAT(job.http.proxy.connect_headers, ElementsAre("X-Key: a", "X-Key: b"));
  EXPECT_THAT(job.text, HasSubstr("http://u:xxxxx@proxy:3128"));
  EXPECT_THAT(job.text, HasSubstr("proxy_connect_header: <secret>"));
  EXPECT_EQ(std::get<HttpDiscoveryConfig>(job.discoveries[0]).http.proxy.url, "socks5://h");
}

TEST(PrometheusConfigTest, SecretsAreNotShown) {
  const PrometheusConfig config = ParsePrometheusConfig(
                                      "scrape_configs:\n- job_name: a\n  basic_auth:\n"
                                      "    username: u\n    password: geheim\n",
                                      "")
                                      .value();
  EXPECT_THAT(config.text, HasSubstr("    username: u\n"));
  EXPECT_THAT(config.text, HasSubstr("password: <secret>"));
  EXPECT_THAT(config.text, testing::Not(HasSubstr("geheim")));
}

TEST(PrometheusConfigTest, PasswordsInUrlsAreNotShown) {
  const PrometheusConfig config =
      ParsePrometheusConfig(
          "scrape_configs:\n- job_name: a\n  http_sd_configs: [{url: 'http://u:geheim@h/sd'}]\n",
          "")
          .value();
  EXPECT_THAT(config.text, HasSubstr("\"http://u:xxxxx@h/sd\""));
  EXPECT_THAT(config.text, testing::Not(HasSubstr("geheim")));
}

TEST(PrometheusConfigTest, SectionsThatAreNotReadShowNothingThatMayBeASecret) {
  const PrometheusConfig config =
      ParsePrometheusConfig(
          "otlp:\n"
          "  endpoints:\n"
          "  - authorization: {type: Bearer, credentials: geheim1}\n"
          "    sigv4: {access_key: geheim2, secret_key: geheim3, region: eu}\n"
          "    oauth2: {client_secret: geheim4, token_url: 'http://h/token', scopes: [a]}\n"
          "    http_headers: {Authorization: {values: [geheim5]}, X-Api-Key: {values: [geheim6]}}\n"
          "    consul_sd_configs: [{token: geheim7, server: 'u:p'}]\n"
          "    basic_auth: {username: u, password_file: /p}\n"
          "    proxy_connect_header: {X: [geheim8]}\n"
          "scrape_configs:\n- job_name: a\n  static_configs: [{labels: {token: shown}}]\n",
          "")
          .value();
  EXPECT_THAT(config.text, testing::Not(HasSubstr("geheim")));
  for (const char* shown : {"type: Bearer", "region: eu", "http://h/token", "username: u",
                            "password_file: /p", "token: shown", "credentials: <secret>"}) {
    EXPECT_THAT(config.text, HasSubstr(shown));
  }
}

TEST(PrometheusConfigTest, LongKeysAndThoseOfSeveralLinesAreStillKeysWhenTheyAreShown) {
  const std::string long_key(2'000, 'k');
  for (const std::string& key : {long_key, std::string("a\n\nb")}) {
    const auto config = ParsePrometheusConfig("storage: {? " + key + " : {a: b}}\n", "");
    ASSERT_TRUE(config.ok()) << config.status();
    const auto shown = rules::ParseYaml(config->text);
    ASSERT_TRUE(shown.ok()) << shown.status();
    EXPECT_EQ(shown->entries.at(0).second.entries.at(0).first.text, key == long_key ? key : "a\nb");
  }
}

TEST(PrometheusConfigTest, TextsThatMeanMoreOnALineOfTheirOwnAreShownInQuotes) {
  const auto config = ParsePrometheusConfig("storage: [{a: -}, -]\n", "");
  ASSERT_TRUE(config.ok()) << config.status();
  const auto shown = rules::ParseYaml(config->text);
  ASSERT_TRUE(shown.ok()) << shown.status() << config->text;
  const rules::YamlNode& list = shown->entries.at(0).second;
  EXPECT_EQ(list.items.at(0).entries.at(0).second.text, "-");
  EXPECT_EQ(list.items.at(1).text, "-");
}

TEST(PrometheusConfigTest, KeysThatMeanNothingAreStillToldApart) {
  const auto config = ParsePrometheusConfig("storage: {'': a, null: b, ~: c}\n", "");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->text, HasSubstr("  \"\": a\n  null: b\n  ~: c\n"));
  EXPECT_TRUE(rules::ParseYaml(config->text).ok());
}

TEST(PrometheusConfigTest, AcceptsWhatItLikesBestFirst) {
  ScrapeConfig config;
  EXPECT_EQ(AcceptHeader(config),
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
            "application/openmetrics-text;version=0.0.1;q=0.5,"
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
            "*/*;q=0.2");
  config.escaping = NameEscaping::kDots;
  EXPECT_THAT(AcceptHeader(config),
              testing::StartsWith("application/openmetrics-text;version=1.0.0;escaping=dots;"));
  config.scrape_native_histograms = true;
  EXPECT_THAT(AcceptHeader(config), testing::StartsWith("application/vnd.google.protobuf;"));
}

TEST(PrometheusConfigTest, TargetGroupsAreJsonOrYaml) {
  const auto json =
      ParseTargetGroups("[{\"targets\": [\"a:1\", \"b:2\"], \"labels\": {\"x\": \"y\"}}]").value();
  ASSERT_EQ(json.size(), 1u);
  EXPECT_THAT(json[0].targets, ElementsAre("a:1", "b:2"));
  EXPECT_EQ(json, ParseTargetGroups("- targets: ['a:1', 'b:2']\n  labels: {x: y}\n").value());
  EXPECT_FALSE(ParseTargetGroups("[{\"target\": []}]").ok());
}

}  // namespace
}  // namespace luma::prom
