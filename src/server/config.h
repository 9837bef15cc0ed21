// The configuration: what it holds, and how a file and the command line become one.
//
// Every key is one line of the table in config_keys.cc. Reading, checking, `--set`, the default
// file (docs/guides/lumadb.toml) and reloading are all driven by that table.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "server/quantity.h"

namespace luma::server {

using Duration = std::chrono::milliseconds;

// One static scrape job, [[scrape.jobs]].
struct ScrapeJob {
  std::string job;                   // the label `job`
  std::vector<std::string> targets;  // "host:port", each becomes the label `instance`
  std::string path = "/metrics";
  Duration interval{0};  // 0: [scrape] global_interval
  Duration timeout{0};   // 0: [scrape] scrape_timeout
  bool operator==(const ScrapeJob&) const = default;
};

// How long samples of some series are kept, [[retention.rules]].
struct RetentionRule {
  std::string match;  // a selector: {job="debug"}
  Duration keep{0};
  bool operator==(const RetentionRule&) const = default;
};

// What becomes of old samples of some series, [[downsampling.rules]].
struct DownsamplingRule {
  std::string match;  // a selector; empty: every series
  Duration after{0};
  Duration resolution{0};
  bool operator==(const DownsamplingRule&) const = default;
};

// The member initializers are the defaults; names and nesting are those of the file.
struct Config {
  struct {
    std::string host = "127.0.0.1";
    int64_t port = 8080;
    bool require_auth = false;
    bool allow_unauthenticated_remote = false;
    bool admin_api = false;
    bool lifecycle_api = false;
    std::string cors_origin = ".*";
    int64_t max_connections = 10'000;
    ByteCount body_limit{32 << 20};
    ByteCount body_memory;  // 0 here and below: see server/memory_shares.h
    Duration header_timeout{10'000};
    Duration body_timeout{60'000};
    Duration idle_timeout{120'000};
    Duration shutdown_grace{10'000};
    int64_t io_threads = 0;
    int64_t worker_threads = 0;
  } server;
  struct {
    bool enabled = true;
    std::string host = "127.0.0.1";
    int64_t port = 9091;
    std::string path = "/metrics";
    bool require_auth = false;
  } metrics;
  struct {
    std::string data_dir = "./data";
    std::string memory_limit = "60%";
    std::string log_level = "info";
  } general;
  struct {
    std::string host = "127.0.0.1";
    int64_t port = 5432;
    int64_t max_connections = 200;
    Duration login_timeout{10'000};
  } postgres;
  struct {
    bool enabled = false;
    std::string host = "127.0.0.1";
    int64_t grpc_port = 4317;
    int64_t http_port = 4318;
    bool require_auth = false;
  } otlp;
  struct {
    std::string username = "luma";
    std::string password;
    std::string password_file;
    bool require_auth = false;
    std::string method = "md5";
  } auth;
  struct {
    bool enabled = false;
    int64_t max_requests = 100;
    Duration window{60'000};
    Duration ban_duration{300'000};
  } rate_limit;
  struct {
    std::string sync = "always";
    Duration sync_interval{100};
    ByteCount segment_bytes{32 << 20};
    ByteCount bytes_max;
    std::string archive;
    Duration archive_interval{5'000};
    ByteCount archive_backlog_max{4ull << 30};
  } wal;
  struct {
    ByteCount memory_limit;
    ByteCount flush_hot_bytes;
    ByteCount flush_wal_bytes;
    Duration flush_interval{300'000};
    int64_t run_rows_max = 1 << 20;
  } storage;
  struct {
    bool enabled = true;
    ByteCount rate_limit{32 << 20};
    int64_t niceness = 10;
    ByteCount output_max{1 << 30};
    ByteCount memory_limit;
    ByteCount free_space_min{256 << 20};
  } compaction;
  struct {
    Duration future_max{86'400'000};
    Duration late_max{0};
    bool exemplars = true;
    Duration retire_series_after{21'600'000};
  } ingest;
  struct {
    int64_t series = 10'000'000;
    int64_t series_per_metric = 0;
    int64_t values_per_label = 0;
  } limits;
  struct {
    Duration default_keep{0};
    std::vector<RetentionRule> rules;
  } retention;
  struct {
    Duration interval{600'000};
    std::vector<DownsamplingRule> rules;
  } downsampling;
  struct {
    std::string store;
    std::string endpoint;
    std::string region = "us-east-1";
    bool path_style = true;
    std::string access_key;
    std::string secret_key;
    std::string secret_key_file;
    std::string ca_file;
    Duration request_timeout{60'000};
    ByteCount cache_size{1ull << 30};
    ByteCount warm_bytes_max{0};
    Duration warm_age{0};
  } cold;
  struct {
    Duration timeout{120'000};
    ByteCount memory_limit;
    ByteCount spill_limit{16ull << 30};
    int64_t threads = 0;
    int64_t max_concurrent = 0;
    bool use_start_timestamps = true;
  } query;
  struct {
    Duration global_interval{15'000};
    Duration scrape_timeout{10'000};
    ByteCount body_limit{64 << 20};
    bool self = true;
    std::string config_file;
    bool allow_link_local = false;
    std::vector<ScrapeJob> jobs;
  } scrape;
  struct {
    std::string files;
    Duration evaluation_interval{60'000};
    Duration query_offset{0};
    int64_t threads = 2;
    std::string alertmanagers;
    Duration alertmanager_timeout{10'000};
    Duration resend_delay{60'000};
    Duration for_outage_tolerance{3'600'000};
    Duration for_grace_period{600'000};
    std::string external_url;
    std::string external_labels;
  } rules;
};

// What the command line says about the configuration.
struct ConfigArguments {
  std::string file;               // empty: defaults only
  std::vector<std::string> sets;  // "section.key=value", applied after the file, in order
};

// Reads, applies and checks everything, including the files of secrets. Blocks on file reads.
// Errors: kInvalidArgument or kNotFound; the message begins with "FILE:LINE: " where a line is at
// fault and with "--set section.key: " where an argument is.
Result<Config> LoadConfig(const ConfigArguments& arguments);

// As LoadConfig, from the text of a file that is called `file_name` in errors.
Result<Config> ParseConfig(std::string_view text, std::string_view file_name,
                           const std::vector<std::string>& sets = {});

// The commented file with every key at its default, docs/guides/lumadb.toml.
std::string DefaultConfigFile();

// Copies the keys that may change while the server runs from `loaded` to `running`.
struct ConfigChange {
  std::vector<std::string> applied;        // "section.key" that changed
  std::vector<std::string> needs_restart;  // changed in the file, but not in `running`
};
ConfigChange Reload(const Config& loaded, Config& running);

// True for addresses that only this machine reaches: 127.0.0.0/8, ::1, "localhost".
bool IsLoopback(std::string_view host);

}  // namespace luma::server
