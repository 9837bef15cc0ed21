#include "server/config_keys.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "server/machine_memory.h"

namespace luma::server {
namespace {

// A key's path and the field of the same name: LUMA_CONFIG_KEY(server.port).
#define LUMA_CONFIG_KEY(field) #field, [](Config& config) -> auto& { return config.field; }

constexpr bool kReloaded = true;
constexpr bool kAtStart = false;

constexpr Between kPort{0, 65'535};
constexpr Between kTimeoutMillis{100, 86'400'000};
constexpr Between kScrapeMillis{kScrapeIntervalMin.count(), kScrapeIntervalMax.count()};
constexpr Between kThreads{0, 1'024};
constexpr Between kSeries{0, UINT32_MAX};  // ids have 32 bits
constexpr int64_t kDayMillis = 86'400'000;
constexpr int64_t kMiB = 1 << 20;
constexpr int64_t kTiB = int64_t{1} << 40;

const std::vector<ConfigKey>& Keys() {
  static const auto* keys = new std::vector<ConfigKey>{
      {LUMA_CONFIG_KEY(general.data_dir), NotEmpty{}, kAtStart,
       "Folder of everything LumaDB stores. Made when missing; one server at a time."},
      {LUMA_CONFIG_KEY(general.memory_limit), MemoryAmount{}, kAtStart,
       "Memory of the whole process: a size, or a share of what the machine or the cgroup has. "
       "Every other memory key that is 0 gets its share of it."},
      {LUMA_CONFIG_KEY(general.log_level),
       OneOf{{"trace", "debug", "info", "warn", "error", "critical", "off"}}, kReloaded,
       "Least severity that is logged."},

      {LUMA_CONFIG_KEY(server.host), HostAddress{}, kAtStart, "Address of the HTTP port."},
      {LUMA_CONFIG_KEY(server.port), kPort, kAtStart, "HTTP port; 0 takes a free one and logs it."},
      {LUMA_CONFIG_KEY(server.require_auth), Anything{}, kAtStart,
       "Ask every HTTP request for the name and password of [auth] (basic authentication). Health "
       "checks stay open."},
      {LUMA_CONFIG_KEY(server.allow_unauthenticated_remote), Anything{}, kAtStart,
       "Without this, the server refuses to start when a port is open to other machines and asks "
       "for no password. It holds for every port."},
      {LUMA_CONFIG_KEY(server.admin_api), Anything{}, kAtStart,
       "Serve /api/v1/admin: backups and checks of the running store and, as in Prometheus, "
       "deletes of series; and /-/confirm-clock. Anyone may ask for these who may use the HTTP "
       "port."},
      {LUMA_CONFIG_KEY(server.lifecycle_api), Anything{}, kAtStart,
       "Serve POST /-/reload, which reads this file again, as SIGHUP does."},
      {LUMA_CONFIG_KEY(server.cors_origin), Anything{}, kAtStart,
       "Origins whose pages may use the HTTP API from a browser: a regular expression for all of "
       "an origin, such as 'https://(a|b)[.]example'."},
      {LUMA_CONFIG_KEY(server.max_connections), Between{1, 1'000'000}, kAtStart,
       "HTTP connections open at once, at most a quarter of the files the process may open. At the "
       "limit, the connection that has been idle longest makes room."},
      {LUMA_CONFIG_KEY(server.body_limit), Between{1'024, 1'024 * kMiB}, kAtStart,
       "Largest request body, before and after decompression. A larger one is answered 413."},
      {LUMA_CONFIG_KEY(server.body_memory), ShareOr{kMiB, kTiB}, kAtStart,
       "Request bodies in memory over all connections, at most half of it from one address. Above "
       "it, requests are answered 503."},
      {LUMA_CONFIG_KEY(server.header_timeout), kTimeoutMillis, kAtStart,
       "Time for a connection's first byte, and for the rest of a request's header."},
      {LUMA_CONFIG_KEY(server.body_timeout), kTimeoutMillis, kAtStart,
       "Time for a request's body."},
      {LUMA_CONFIG_KEY(server.idle_timeout), kTimeoutMillis, kAtStart,
       "Time between two requests of one connection."},
      {LUMA_CONFIG_KEY(server.shutdown_grace), Between{0, 3'600'000}, kReloaded,
       "After SIGTERM, how long running requests and queries may take to finish."},
      {LUMA_CONFIG_KEY(server.io_threads), kThreads, kAtStart,
       "Threads that wait for sockets; 0 means one for every two processors. Beside them HTTP has "
       "one for every processor, which answer requests."},
      {LUMA_CONFIG_KEY(server.worker_threads), kThreads, kAtStart,
       "Threads for HTTP requests other than queries, which may wait for disks; 0 means four for "
       "every processor."},

      {LUMA_CONFIG_KEY(metrics.enabled), Anything{}, kAtStart, "Serve the server's own metrics."},
      {LUMA_CONFIG_KEY(metrics.host), HostAddress{}, kAtStart, "Address of the metrics port."},
      {LUMA_CONFIG_KEY(metrics.port), kPort, kAtStart,
       "Metrics port; 0 takes a free one and logs it."},
      {LUMA_CONFIG_KEY(metrics.path), NotEmpty{}, kAtStart, "Path of the metrics page."},
      {LUMA_CONFIG_KEY(metrics.require_auth), Anything{}, kAtStart,
       "Ask for the name and password of [auth]. Scrapes send none, so scrape.self must be off."},

      {LUMA_CONFIG_KEY(postgres.host), HostAddress{}, kAtStart, "Address of the PostgreSQL port."},
      {LUMA_CONFIG_KEY(postgres.port), kPort, kAtStart,
       "PostgreSQL port; 0 takes a free one and logs it."},
      {LUMA_CONFIG_KEY(postgres.max_connections), Between{1, 1'000'000}, kAtStart,
       "Sessions at once. Connections that have not logged in yet are counted apart."},
      {LUMA_CONFIG_KEY(postgres.login_timeout), kTimeoutMillis, kAtStart,
       "Time for a connection to log in."},

      {LUMA_CONFIG_KEY(otlp.enabled), OneOf{{"false"}}, kAtStart,
       "OpenTelemetry receivers. This version has none: only false is accepted, so that nobody "
       "sends data into the void. The other keys of the section are read and checked."},
      {LUMA_CONFIG_KEY(otlp.host), HostAddress{}, kAtStart, "Address of the OTLP ports."},
      {LUMA_CONFIG_KEY(otlp.grpc_port), kPort, kAtStart, "OTLP over gRPC."},
      {LUMA_CONFIG_KEY(otlp.http_port), kPort, kAtStart, "OTLP over HTTP."},
      {LUMA_CONFIG_KEY(otlp.require_auth), Anything{}, kAtStart,
       "Ask for the name and password of [auth]."},

      {LUMA_CONFIG_KEY(auth.username), NotEmpty{}, kAtStart, "The user."},
      {LUMA_CONFIG_KEY(auth.password), Anything{}, kAtStart,
       "The password. Prefer password_file, or the environment variable LUMA_AUTH_PASSWORD, which "
       "wins over both."},
      {LUMA_CONFIG_KEY(auth.password_file), Anything{}, kAtStart,
       "File whose first line is the password; it wins over password."},
      {LUMA_CONFIG_KEY(auth.require_auth), Anything{}, kAtStart,
       "Ask PostgreSQL clients for the password. The HTTP ports have switches of their own."},
      {LUMA_CONFIG_KEY(auth.method), OneOf{{"md5", "trust"}}, kAtStart,
       "How PostgreSQL clients prove the password. trust asks for none, even with require_auth."},

      {LUMA_CONFIG_KEY(rate_limit.enabled), Anything{}, kReloaded,
       "Limit requests and logins by client address (IPv6: by /64). Off by default, since one "
       "address may be a proxy in front of many clients."},
      {LUMA_CONFIG_KEY(rate_limit.max_requests), Between{1, 1'000'000'000}, kReloaded,
       "HTTP requests and PostgreSQL connections of one address in a window."},
      {LUMA_CONFIG_KEY(rate_limit.window), Between{1'000, 86'400'000}, kReloaded,
       "Length of the window."},
      {LUMA_CONFIG_KEY(rate_limit.ban_duration), Between{0, 7 * 86'400'000}, kReloaded,
       "How long an address that went over the limit is refused."},

      {LUMA_CONFIG_KEY(wal.sync), OneOf{{"always", "interval", "off"}}, kAtStart,
       "When a commit is acknowledged. always: when it is on stable storage; a power cut loses "
       "nothing. interval: when the operating system has it; a crash of the server loses nothing, "
       "a power cut can lose the commits of the last sync_interval and of one sync. off: as "
       "interval, without a bound."},
      {LUMA_CONFIG_KEY(wal.sync_interval), Between{1, 60'000}, kAtStart,
       "For sync = \"interval\": how often the log is made durable."},
      {LUMA_CONFIG_KEY(wal.segment_bytes), Between{kMiB, 1'024 * kMiB}, kAtStart,
       "Size of one log file. Files are preallocated and used again."},
      {LUMA_CONFIG_KEY(wal.bytes_max), ShareOr{8 * kMiB, kTiB}, kAtStart,
       "A log of this size takes no more commits (53100, 503) until hot data has been written to "
       "segment files: the bound while a full disk prevents that. 0 means four times "
       "storage.flush_wal_bytes."},
      {LUMA_CONFIG_KEY(wal.archive), Anything{}, kAtStart,
       "Where the log is copied to while it is written, so that a restore can stop at any commit: "
       "the destination of the backups, a path or \"s3://bucket/prefix\" (with the S3 keys of "
       "[cold]). Empty: nowhere."},
      {LUMA_CONFIG_KEY(wal.archive_interval), Between{100, 86'400'000}, kAtStart,
       "How often; what was committed since is lost to a restore if this disk is lost."},
      {LUMA_CONFIG_KEY(wal.archive_backlog_max), Between{kMiB, 1'024 * kTiB}, kAtStart,
       "Log that stays here beyond its use while the archive cannot be written. More is given up: "
       "no restore reaches beyond that gap without a later backup. Commits never wait."},

      {LUMA_CONFIG_KEY(storage.memory_limit), ShareOr{64 * kMiB, kTiB}, kAtStart,
       "Memory of ingestion, hot data, series, caches and answers of the HTTP API, which may take "
       "half of it. Over it, writers and readers are told to try again later."},
      {LUMA_CONFIG_KEY(storage.flush_hot_bytes), ShareOr{kMiB, kTiB}, kAtStart,
       "Hot data above this is written to segment files."},
      {LUMA_CONFIG_KEY(storage.flush_wal_bytes), ShareOr{kMiB, kTiB}, kAtStart,
       "A log above this makes hot data be written, which bounds the time of recovery."},
      {LUMA_CONFIG_KEY(storage.flush_interval), Between{1'000, 7 * 86'400'000}, kAtStart,
       "Hot data is written at least this often."},
      {LUMA_CONFIG_KEY(storage.run_rows_max), Between{2'048, 1 << 27}, kAtStart,
       "Rows of a table that are sorted and written together."},

      {LUMA_CONFIG_KEY(compaction.enabled), Anything{}, kAtStart,
       "Merge segment files in the background."},
      {LUMA_CONFIG_KEY(compaction.rate_limit), Between{64 * 1'024, kTiB}, kAtStart,
       "Bytes that merges write per second at most."},
      {LUMA_CONFIG_KEY(compaction.niceness), Between{0, 19}, kAtStart,
       "Priority of the merging thread, as nice(1) has it; 19 takes only what nobody wants."},
      {LUMA_CONFIG_KEY(compaction.output_max), Between{kMiB, kTiB}, kAtStart,
       "Segment files of this size are merged no more."},
      {LUMA_CONFIG_KEY(compaction.memory_limit), ShareOr{kMiB, kTiB}, kAtStart,
       "Memory of one merge, part of storage.memory_limit. Less means fewer files at once."},
      {LUMA_CONFIG_KEY(compaction.free_space_min), Between{0, kTiB}, kAtStart,
       "A merge begins only if the disk has this much left after it."},

      {LUMA_CONFIG_KEY(ingest.future_max), Between{0, 3'650 * kDayMillis}, kAtStart,
       "Samples further ahead of the clock are refused, each alone."},
      {LUMA_CONFIG_KEY(ingest.late_max), Between{0, 10'000 * kDayMillis}, kAtStart,
       "Samples older than this are refused, each alone; 0s stores samples of any age."},
      {LUMA_CONFIG_KEY(ingest.exemplars), Anything{}, kAtStart,
       "Store exemplars. How long they are kept is an option of the table luma.exemplars."},
      {LUMA_CONFIG_KEY(ingest.retire_series_after), Between{0, 10'000 * kDayMillis}, kAtStart,
       "Series without samples for so long leave memory; their labels are found on disk, and their "
       "next sample brings them back. 0s keeps all series in memory."},

      {LUMA_CONFIG_KEY(limits.series), kSeries, kReloaded, "Series of all metrics together."},
      {LUMA_CONFIG_KEY(limits.series_per_metric), kSeries, kReloaded, "Series of one metric name."},
      {LUMA_CONFIG_KEY(limits.values_per_label), kSeries, kReloaded,
       "Values of one label name over all series; metric names are the values of __name__. Takes "
       "some 20 bytes for each value of each label."},

      {LUMA_CONFIG_KEY(retention.default_keep), Between{0, 10'000 * kDayMillis}, kReloaded,
       "Rows older than this are dropped, in tables that are sorted by a time and have no option "
       "retention of their own; 0s keeps them for ever."},
      {LUMA_CONFIG_KEY(retention.rules), Anything{}, kReloaded,
       "Samples of some series go earlier, one [[retention.rules]] each. Of several rules that "
       "match a series the first counts; keep cannot exceed the retention of the table:"},

      {LUMA_CONFIG_KEY(downsampling.interval), Between{1'000, kDayMillis}, kReloaded,
       "How often samples that have become old enough are rolled up."},
      {LUMA_CONFIG_KEY(downsampling.rules), Anything{}, kReloaded,
       "Samples older than after are replaced by their count, sum, minimum and so on, one row a "
       "resolution, one [[downsampling.rules]] each. Without match it is every series. Rules with "
       "the same match are levels; of others that match a series the first counts:"},

      {LUMA_CONFIG_KEY(cold.store), Anything{}, kAtStart,
       "Where old data goes: \"s3://bucket\" or \"s3://bucket/prefix\", or the path of a local "
       "directory. Empty: data stays in segment files. A store that holds data must stay."},
      {LUMA_CONFIG_KEY(cold.endpoint), Anything{}, kAtStart,
       "Address of the S3 service, such as \"https://s3.example.org:9000\". Empty: that of AWS in "
       "the region. With http:// data crosses the network unprotected."},
      {LUMA_CONFIG_KEY(cold.region), NotEmpty{}, kAtStart,
       "Region of the bucket, a part of every signature."},
      {LUMA_CONFIG_KEY(cold.path_style), Anything{}, kAtStart,
       "Name the bucket in the path of requests; otherwise in the host name."},
      {LUMA_CONFIG_KEY(cold.access_key), Anything{}, kAtStart,
       "Access key of S3. Empty: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN "
       "of the environment, or else the profile AWS_PROFILE of ~/.aws/credentials "
       "(AWS_SHARED_CREDENTIALS_FILE)."},
      {LUMA_CONFIG_KEY(cold.secret_key), Anything{}, kAtStart,
       "Secret key of the access key. Prefer secret_key_file or the environment."},
      {LUMA_CONFIG_KEY(cold.secret_key_file), Anything{}, kAtStart,
       "File whose first line is the secret key; it wins over secret_key."},
      {LUMA_CONFIG_KEY(cold.ca_file), Anything{}, kAtStart,
       "File of the certificates (PEM) that the S3 service is checked against. Empty: the "
       "system's."},
      {LUMA_CONFIG_KEY(cold.request_timeout), Between{1'000, 3'600'000}, kAtStart,
       "How long one request to S3 may take, repeats included, before a query or a move fails."},
      {LUMA_CONFIG_KEY(cold.cache_size), Between{0, 1'024 * kTiB}, kAtStart,
       "Parts of cold data that are kept in the data directory's cache folder; the least recently "
       "used leave first."},
      {LUMA_CONFIG_KEY(cold.warm_bytes_max), Between{0, 1'024 * kTiB}, kAtStart,
       "Segment files above this move to the cold store, oldest first, whatever their age; 0B "
       "means no limit."},
      {LUMA_CONFIG_KEY(cold.warm_age), Between{0, 10'000 * int64_t{86'400'000}}, kAtStart,
       "Segment files move to the cold store when all of their rows are older than this, by the "
       "time column of their table; 0s means never. ALTER TABLE ... SET (warm_age = '7d') says "
       "otherwise for one table."},

      {LUMA_CONFIG_KEY(query.timeout), Between{0, 86'400'000}, kReloaded,
       "Longest run of a query; 0s means no limit."},
      {LUMA_CONFIG_KEY(query.memory_limit), ShareOr{32 * kMiB, kTiB}, kAtStart,
       "Memory of SQL execution, beside storage.memory_limit. What needs more goes to disk where "
       "it can, or is refused (53200)."},
      {LUMA_CONFIG_KEY(query.spill_limit), Between{0, 1'024 * kTiB}, kAtStart,
       "Disk space that SQL execution may take meanwhile, below general.data_dir."},
      {LUMA_CONFIG_KEY(query.threads), kThreads, kAtStart,
       "Threads of SQL execution; 0 means one for every processor."},
      {LUMA_CONFIG_KEY(query.max_concurrent), Between{0, 100'000}, kAtStart,
       "SQL statements that run at once, and as many queries of the HTTP API; others wait. 0 means "
       "four for every processor."},
      {LUMA_CONFIG_KEY(query.use_start_timestamps), Anything{}, kAtStart,
       "rate(), irate(), increase() and resets() go by the start timestamps of samples, as with "
       "Prometheus' feature use-start-timestamps."},

      {LUMA_CONFIG_KEY(scrape.global_interval), kScrapeMillis, kReloaded,
       "How often targets are scraped."},
      {LUMA_CONFIG_KEY(scrape.scrape_timeout), kScrapeMillis, kReloaded,
       "Time for one scrape, at most its interval; a target that needs longer counts as down."},
      {LUMA_CONFIG_KEY(scrape.body_limit), Between{1'024, 1'024 * kMiB}, kReloaded,
       "Largest page of metrics that is read from a target."},
      {LUMA_CONFIG_KEY(scrape.self), Anything{}, kReloaded,
       "Scrape the server's own metrics as job \"lumadb\"."},
      {LUMA_CONFIG_KEY(scrape.config_file), Anything{}, kReloaded,
       "A prometheus.yml whose scrape_configs are scraped as well; docs/guides/prometheus.md says "
       "what of it counts. Read again when the configuration is."},
      {LUMA_CONFIG_KEY(scrape.allow_link_local), Anything{}, kAtStart,
       "Scrape link-local addresses too. They are refused otherwise, also behind names and "
       "redirects: the metadata services of clouds, which give out credentials, are there."},
      {LUMA_CONFIG_KEY(scrape.jobs), Anything{}, kReloaded,
       "Static targets, one [[scrape.jobs]] each; path, interval and timeout may be left out:"},

      {LUMA_CONFIG_KEY(rules.files), Anything{}, kReloaded,
       "Prometheus rule files, several with commas between them; * and ? stand for any characters "
       "of a name."},
      {LUMA_CONFIG_KEY(rules.evaluation_interval), kScrapeMillis, kReloaded,
       "How often groups are evaluated that name no interval."},
      {LUMA_CONFIG_KEY(rules.query_offset), Between{0, kDayMillis}, kReloaded,
       "How far in the past rules are evaluated, so that data that comes late is there. For groups "
       "that name no query_offset."},
      {LUMA_CONFIG_KEY(rules.threads), Between{1, 256}, kReloaded,
       "Groups that are evaluated at once. A lower number waits for a restart."},
      {LUMA_CONFIG_KEY(rules.alertmanagers), Anything{}, kReloaded,
       "Where alerts go: addresses of Alertmanagers such as \"http://127.0.0.1:9093\", several "
       "with commas between them."},
      {LUMA_CONFIG_KEY(rules.alertmanager_timeout), kTimeoutMillis, kReloaded,
       "Time for an Alertmanager to answer."},
      {LUMA_CONFIG_KEY(rules.resend_delay), Between{1'000, kDayMillis}, kReloaded,
       "An alert that goes on is told again after this."},
      {LUMA_CONFIG_KEY(rules.for_outage_tolerance), Between{0, 30 * kDayMillis}, kReloaded,
       "After a restart, alerts keep their age if the server was down for less than this."},
      {LUMA_CONFIG_KEY(rules.for_grace_period), Between{0, kDayMillis}, kReloaded,
       "After a restart, no alert that was pending fires sooner than this."},
      {LUMA_CONFIG_KEY(rules.external_url), Anything{}, kReloaded,
       "Address of this server for people, for links in alerts."},
      {LUMA_CONFIG_KEY(rules.external_labels), Anything{}, kReloaded,
       "Labels that every alert gets when it is told: \"cluster=a, region=b\"."},
  };
  return *keys;
}

constexpr std::pair<std::string_view, std::string_view> kSectionDocs[] = {
    {"general", "Where data lives, what is logged."},
    {"server", "The HTTP port: Prometheus remote write and queries, health checks."},
    {"metrics", "The server's own metrics, for a Prometheus to scrape."},
    {"postgres", "The PostgreSQL port, for SQL."},
    {"otlp", "OpenTelemetry."},
    {"auth", "One user and a password."},
    {"rate_limit", "Protection from clients that ask too often."},
    {"wal", "The write-ahead log: what an acknowledgement means."},
    {"storage", "Memory, and when data moves from memory to segment files."},
    {"ingest", "Which times samples may have, and what comes with them."},
    {"limits",
     "Bounds on how many series there are; 0 means none. Samples of new series beyond them are "
     "refused (429), those of known ones never. /api/v1/status/cardinality shows who is near."},
    {"retention", "How long data is kept."},
    {"downsampling", "Old samples, rolled up."},
    {"cold", "Old data in an object store."},
    {"compaction", "Merges of segment files: what they may take from everything else."},
    {"query", "Limits of SQL and PromQL."},
    {"scrape", "Metrics that the server fetches by itself."},
    {"rules", "Recording and alerting rules."},
};

// The key's value when it has type T, else null.
template <typename T>
T* Field(const ConfigKey& key, Config& config) {
  const auto* field = std::get_if<T& (*)(Config&)>(&key.field);
  return field == nullptr ? nullptr : &(*field)(config);
}
// The accessors of the table hand out references to change; nothing is changed through this one.
template <typename T>
const T* Field(const ConfigKey& key, const Config& config) {
  return Field<T>(key, const_cast<Config&>(config));
}

bool IsHostAddress(std::string_view text) {
  const std::string host(text);
  in6_addr address;
  return host == "localhost" || inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

Status OutsideLimit(const ConfigKey& key, std::string_view value) {
  return Status::InvalidArgument("value not allowed: value=", value, " allowed=", FormatLimit(key));
}

Status CheckNumber(const ConfigKey& key, int64_t value, std::string_view text) {
  const auto fits = [value](const auto& limit) { return value >= limit.min && value <= limit.max; };
  const auto* between = std::get_if<Between>(&key.limit);
  const auto* share = std::get_if<ShareOr>(&key.limit);
  if (between != nullptr && !fits(*between)) return OutsideLimit(key, text);
  if (share != nullptr && value != 0 && !fits(*share)) return OutsideLimit(key, text);
  return Status::Ok();
}

Status CheckText(const ConfigKey& key, std::string_view value) {
  bool allowed = true;
  if (std::holds_alternative<MemoryAmount>(key.limit)) {
    return ParseMemoryAmount(value, MachineMemoryBytes()).status();
  }
  if (const auto* one_of = std::get_if<OneOf>(&key.limit)) {
    allowed = std::ranges::find(one_of->choices, value) != one_of->choices.end();
  } else if (std::holds_alternative<HostAddress>(key.limit)) {
    allowed = IsHostAddress(value);
  } else if (std::holds_alternative<NotEmpty>(key.limit)) {
    allowed = !value.empty();
  }
  return allowed ? Status::Ok() : OutsideLimit(key, value);
}

Status WrongType(const ConfigKey& key, std::string_view given) {
  static constexpr std::string_view kTypeNames[] = {"true or false",
                                                    "a whole number",
                                                    "text in quotes",
                                                    "a duration such as \"15s\"",
                                                    "a size such as \"64MiB\"",
                                                    "a list of tables",
                                                    "a list of tables"};
  return Status::InvalidArgument("wrong type: expected=", kTypeNames[key.field.index()],
                                 " given=", given);
}

std::string FormatNumber(const ConfigKey& key, int64_t value) {
  if (std::holds_alternative<Duration& (*)(Config&)>(key.field)) {
    return FormatDuration(Duration(value));
  }
  if (std::holds_alternative<ByteCount& (*)(Config&)>(key.field)) {
    return FormatByteCount({static_cast<uint64_t>(value)});
  }
  return fmt::format("{}", value);
}

}  // namespace

std::span<const ConfigKey> ConfigKeys() { return Keys(); }

const ConfigKey* FindConfigKey(std::string_view path) {
  const auto found = std::ranges::find(Keys(), path, &ConfigKey::path);
  return found == Keys().end() ? nullptr : &*found;
}

Status UnknownKey(std::string_view path) {
  return Status::InvalidArgument("unknown key: key=", path)
      .WithHint("lumadb check-config --print-default shows every key");
}

std::string_view SectionDoc(std::string_view section) {
  for (const auto& [name, doc] : kSectionDocs) {
    if (name == section) return doc;
  }
  return "";
}

std::string FormatValue(const ConfigKey& key, const Config& config) {
  if (const bool* value = Field<bool>(key, config)) return *value ? "true" : "false";
  if (const int64_t* value = Field<int64_t>(key, config)) return fmt::format("{}", *value);
  if (const Duration* value = Field<Duration>(key, config)) {
    return fmt::format("\"{}\"", FormatDuration(*value));
  }
  if (const ByteCount* value = Field<ByteCount>(key, config)) {
    return fmt::format("\"{}\"", FormatByteCount(*value));
  }
  if (const std::string* value = Field<std::string>(key, config)) {
    return fmt::format("\"{}\"", *value);
  }
  if (const auto* rules = Field<std::vector<RetentionRule>>(key, config)) {
    return fmt::format("({} rules)", rules->size());
  }
  if (const auto* rules = Field<std::vector<DownsamplingRule>>(key, config)) {
    return fmt::format("({} rules)", rules->size());
  }
  return fmt::format("({} jobs)", Field<std::vector<ScrapeJob>>(key, config)->size());
}

bool CopyIfDifferent(const ConfigKey& key, const Config& from, Config& to, bool copy) {
  return std::visit(
      [&](const auto& field) {
        const auto& old_value = field(to);
        const auto& new_value = field(const_cast<Config&>(from));
        if (new_value == old_value) return false;
        if (copy) field(to) = new_value;
        return true;
      },
      key.field);
}

std::string FormatLimit(const ConfigKey& key) {
  if (const auto* between = std::get_if<Between>(&key.limit)) {
    return fmt::format("{} .. {}", FormatNumber(key, between->min),
                       FormatNumber(key, between->max));
  }
  if (const auto* share = std::get_if<ShareOr>(&key.limit)) {
    return fmt::format("{} .. {}; 0 for a share", FormatNumber(key, share->min),
                       FormatNumber(key, share->max));
  }
  if (std::holds_alternative<MemoryAmount>(key.limit)) return "256MiB .. 1TiB, or 1% .. 100%";
  if (const auto* one_of = std::get_if<OneOf>(&key.limit)) {
    return fmt::format("{}", fmt::join(one_of->choices, ", "));
  }
  if (std::holds_alternative<HostAddress>(key.limit)) return "an IP address or localhost";
  if (std::holds_alternative<NotEmpty>(key.limit)) return "not empty";
  return "";
}

Status SetBool(const ConfigKey& key, bool value, Config& config) {
  bool* field = Field<bool>(key, config);
  if (field == nullptr) return WrongType(key, "true or false");
  LUMA_RETURN_IF_ERROR(CheckText(key, value ? "true" : "false"));
  *field = value;
  return Status::Ok();
}

Status SetInteger(const ConfigKey& key, int64_t value, Config& config) {
  LUMA_RETURN_IF_ERROR(CheckNumber(key, value, fmt::format("{}", value)));
  if (int64_t* field = Field<int64_t>(key, config)) {
    *field = value;
  } else if (ByteCount* bytes = Field<ByteCount>(key, config); bytes != nullptr && value >= 0) {
    bytes->bytes = static_cast<uint64_t>(value);
  } else {
    return WrongType(key, fmt::format("{}", value));
  }
  return Status::Ok();
}

Status SetText(const ConfigKey& key, std::string_view value, Config& config) {
  if (Duration* duration = Field<Duration>(key, config)) {
    LUMA_ASSIGN_OR_RETURN(const Duration parsed, ParseDuration(value));
    LUMA_RETURN_IF_ERROR(CheckNumber(key, parsed.count(), value));
    *duration = parsed;
  } else if (ByteCount* bytes = Field<ByteCount>(key, config)) {
    LUMA_ASSIGN_OR_RETURN(const ByteCount parsed, ParseByteCount(value));
    LUMA_RETURN_IF_ERROR(CheckNumber(key, static_cast<int64_t>(parsed.bytes), value));
    *bytes = parsed;
  } else if (std::string* text = Field<std::string>(key, config)) {
    LUMA_RETURN_IF_ERROR(CheckText(key, value));
    *text = value;
  } else {
    return WrongType(key, fmt::format("\"{}\"", value));
  }
  return Status::Ok();
}

}  // namespace luma::server
