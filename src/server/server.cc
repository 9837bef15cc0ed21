#include "server/server.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/log.h"
#include "base/metrics.h"
#include "net/compression.h"
#include "net/event_loop.h"
#include "net/http_server.h"
#include "net/url.h"
#include "net/worker_pool.h"
#include "pgwire/pg_server.h"
#include "prom/cors.h"
#include "server/admin_api.h"
#include "server/credentials.h"
#include "server/lifecycle_api.h"
#include "server/measured_handler.h"
#include "server/memory_metrics.h"
#include "server/memory_shares.h"
#include "server/open_files.h"
#include "server/process_metrics.h"
#include "server/prometheus_api.h"
#include "server/push_metrics.h"
#include "server/query_helpers.h"
#include "server/rate_limit_admission.h"
#include "server/rate_limiter.h"
#include "server/refusal_counters.h"
#include "server/remote_write_metrics.h"
#include "server/rule_metrics.h"
#include "server/rule_service.h"
#include "server/scraper_metrics.h"
#include "server/scraper_options.h"
#include "server/socket_memory.h"
#include "server/store.h"
#include "server/version.h"

namespace luma::server {
namespace {

// Requests that wait for a worker. Beyond it clients are told to try again later, so a burst costs
// memory for this many requests at most.
constexpr size_t kWaitingRequestsMax = 4'096;

int Processors() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

int IoThreads(const Config& config) {
  const auto configured = static_cast<int>(config.server.io_threads);
  return configured > 0 ? configured : (Processors() + 1) / 2;
}

// One waits for sockets while others, as many as there are processors, answer what came.
int HttpThreadsEach(const Config& config) {
  const int contexts = IoThreads(config);
  return 1 + (Processors() + contexts - 1) / contexts;
}

// For threads that mostly wait for disks and for the log.
int ThreadsOrFourPerProcessor(int64_t configured) {
  return configured > 0 ? static_cast<int>(configured) : 4 * Processors();
}

RateLimitConfig RateLimits(const Config& config) {
  return {.enabled = config.rate_limit.enabled,
          .max_requests = static_cast<uint32_t>(config.rate_limit.max_requests),
          .window = config.rate_limit.window,
          .ban_duration = config.rate_limit.ban_duration};
}

void LogListening(std::string_view service, std::string_view host, uint16_t port) {
  LUMA_LOG(kInfo, "server", "listening service={} address={}", service,
           net::HostAndPort(host, port));
}

session::AuthConfig AuthConfigOf(const Config& config) {
  const bool md5 = config.auth.method == "md5";
  return {.username = config.auth.username,
          .password = config.auth.password,
          .require_auth = config.auth.require_auth,
          .method = md5 ? session::AuthMethod::kMd5 : session::AuthMethod::kTrust};
}

// A router whose handlers are counted and timed, and compress their answers.
net::Router MeasuredRouter() {
  return net::Router([](std::string_view pattern, net::HttpHandler handler) {
    return Measured(pattern, net::WithCompression(std::move(handler)), MetricsRegistry::Default());
  });
}

bool IsForPages(std::string_view pattern) {
  return pattern.starts_with("/api/v1/") || pattern == "/federate";
}

// The same for the HTTP API, which pages of other origins may use.
net::Router ApiRouter(const prom::Cors& cors) {
  return net::Router([cors](std::string_view pattern, net::HttpHandler handler) {
    if (IsForPages(pattern)) handler = cors.Wrap(std::move(handler));
    return Measured(pattern, net::WithCompression(std::move(handler)), MetricsRegistry::Default());
  });
}

net::HttpHandler Answer(int status, std::string text) {
  return
      [status, text = std::move(text)](const net::HttpRequest&, const net::Responder& responder) {
        responder.Send(net::TextResponse(status, text));
      };
}

}  // namespace

class Server::Impl {
 public:
  Impl(Config config, LoadFunction load)
      : load_(std::move(load)),
        config_(WithMemoryShares(std::move(config))),
        credentials_(config_),
        rate_limiter_(RateLimits(config_), Clock::System()),
        admission_(rate_limiter_),
        loop_(IoThreads(config_)),
        http_loop_(IoThreads(config_), HttpThreadsEach(config_)),
        http_workers_(ThreadsOrFourPerProcessor(config_.server.worker_threads),
                      kWaitingRequestsMax),
        query_workers_(ThreadsOrFourPerProcessor(config_.query.max_concurrent),
                       kWaitingRequestsMax),
        query_helpers_(std::thread::hardware_concurrency()),
        sql_workers_(ThreadsOrFourPerProcessor(config_.query.max_concurrent),
                     static_cast<size_t>(config_.postgres.max_connections)) {}

  Status Start() {
    LUMA_RETURN_IF_ERROR(ApplyLogLevel());
    FitConnections();
    process_metrics_ = RegisterProcessMetrics(MetricsRegistry::Default());
    LUMA_ASSIGN_OR_RETURN(store_, Store::Open(config_));
    LogMemory();
    socket_memory_ = std::make_unique<SocketMemory>(store_->engine().budget());
    memory_metrics_ = RegisterMemoryMetrics(store_->engine().budget(), MemoryLimitBytes(config_),
                                            MetricsRegistry::Default());
    // What can go wrong here is an address that cannot be had: the context is the key to change.
    LUMA_RETURN_IF_ERROR(StartHttp().WithContext("server.port"));
    LUMA_RETURN_IF_ERROR(StartMetrics().WithContext("metrics.port"));
    LUMA_RETURN_IF_ERROR(StartPostgres().WithContext("postgres.port"));
    LUMA_RETURN_IF_ERROR(ConfigureScraper().WithContext("scraping"));
    LUMA_RETURN_IF_ERROR(ConfigureRules().WithContext("rules"));
    lifecycle_api_->SetReload([this] { return Reload(); });
    ready_ = true;
    LogHowToReachIt();
    LUMA_LOG(kInfo, "server", "ready");
    return Status::Ok();
  }

  Status Reload() LUMA_EXCLUDES(reload_mutex_) {
    MutexLock lock(reload_mutex_);
    Status status = LoadAndApply();
    if (!status.ok()) LUMA_LOG(kError, "server", "reload failed: {}", status.message());
    prometheus_api_->Publish(config_, status.ok());
    return status;
  }

  void Stop() {
    if (stopped_) return;
    stopped_ = true;
    ready_ = false;
    LUMA_LOG(kInfo, "server", "stopping");
    if (admin_api_) admin_api_->Stop();
    if (rules_) rules_->CancelEvaluations();  // a reload waits for them, and what follows for that
    if (lifecycle_api_) lifecycle_api_->Stop();
    StopFrontEnds();
    sql_workers_.Stop();
    query_workers_.Stop();
    query_helpers_.Stop();
    http_workers_.Stop();
    loop_.Stop();
    http_loop_.Stop();
    CloseStore();
    LUMA_LOG(kInfo, "server", "stopped");
  }

 private:
  // Parts that cannot take over their new configuration go on as before; the first of their errors
  // is told.
  Status LoadAndApply() {
    LUMA_ASSIGN_OR_RETURN(const Config loaded, load_());
    const ConfigChange change = server::Reload(WithMemoryShares(loaded), config_);
    for (const std::string& key : change.applied) {
      LUMA_LOG(kInfo, "server", "configuration changed: key={}", key);
    }
    for (const std::string& key : change.needs_restart) {
      LUMA_LOG(kWarn, "server", "configuration change waits for a restart: key={}", key);
    }
    static_cast<void>(ApplyLogLevel());  // the level was checked when the file was read
    rate_limiter_.Reconfigure(RateLimits(config_));
    postgres_->SetStatementTimeout(config_.query.timeout);
    store_->ConfigureLimits(config_);
    const Status retention = store_->ConfigureRetention(config_).WithContext("retention");
    const Status downsampling = store_->ConfigureDownsampling(config_).WithContext("downsampling");
    const Status scraping = ConfigureScraper().WithContext("scraping");
    const Status rules = ConfigureRules().WithContext("rules");
    for (const Status& status : {retention, downsampling, scraping}) {
      LUMA_RETURN_IF_ERROR(status);
    }
    return rules;
  }

  Status ApplyLogLevel() {
    LUMA_ASSIGN_OR_RETURN(const LogLevel level, ParseLogLevel(config_.general.log_level));
    SetLogLevel(level);
    return Status::Ok();
  }

  void FitConnections() {
    const uint64_t files = RaiseOpenFileLimit();
    const auto wanted = static_cast<size_t>(config_.server.max_connections);
    connections_max_ = ConnectionsThatFit(wanted, files, config_.storage.memory_limit.bytes);
    if (connections_max_ == wanted) return;
    LUMA_LOG(kWarn, "server",
             "fewer connections than configured: max={} open_file_limit={} memory_limit={}",
             connections_max_, files, FormatByteCount(config_.storage.memory_limit));
  }

  void LogMemory() const {
    LUMA_LOG(
        kInfo, "server", "memory: limit={} storage={} query={} bodies={}",
        FormatByteCount({MemoryLimitBytes(config_)}), FormatByteCount(config_.storage.memory_limit),
        FormatByteCount(config_.query.memory_limit), FormatByteCount(config_.server.body_memory));
  }

  void LogHowToReachIt() const {
    LUMA_LOG(kInfo, "server", "ask it by SQL:  psql -h {} -p {} -U {}", config_.postgres.host,
             postgres_->port(), config_.auth.username);
    LUMA_LOG(kInfo, "server", "ask it by HTTP: curl 'http://{}/api/v1/query?query=up'",
             net::HostAndPort(config_.server.host, http_->port()));
  }

  void CloseStore() {
    if (!store_) return;
    memory_metrics_.clear();
    const Status status = store_->Close();
    if (!status.ok()) LUMA_LOG(kError, "server", "closing failed: {}", status.message());
  }

  net::HttpServerOptions HttpOptions(const std::string& host, int64_t port, bool require_auth) {
    return {.host = host,
            .port = static_cast<uint16_t>(port),
            .connections_max = connections_max_,
            .body_bytes_in_flight_max = config_.server.body_memory.bytes,
            .memory = socket_memory_.get(),
            .first_byte_timeout = config_.server.header_timeout,
            .idle_timeout = config_.server.idle_timeout,
            .header_timeout = config_.server.header_timeout,
            .body_timeout = config_.server.body_timeout,
            .password_check = require_auth ? &credentials_ : nullptr,
            .admission = &admission_,
            .on_refusal = [this](int status) { refusals_.Count(status); }};
  }

  // Health checks are on every HTTP port and never ask for a password.
  void AddHealthRoutes(net::Router& router) {
    router.Add("GET", "/-/healthy", {.anonymous = true}, Answer(200, "healthy"));
    router.Add("GET", "/-/ready", {.anonymous = true},
               [this](const net::HttpRequest&, const net::Responder& responder) {
                 responder.Send(ready_ ? net::TextResponse(200, "ready")
                                       : net::TextResponse(503, "not ready"));
               });
  }

  Status StartHttp() {
    prometheus_api_ =
        std::make_unique<PrometheusApi>(*store_, config_, query_workers_, query_helpers_.helpers());
    remote_write_metrics_ = RegisterRemoteWriteMetrics(prometheus_api_->remote_write_counters(),
                                                       MetricsRegistry::Default());
    push_metrics_ =
        RegisterPushMetrics(prometheus_api_->import_counters(), prometheus_api_->influx_counters(),
                            MetricsRegistry::Default());
    lifecycle_api_ = std::make_unique<LifecycleApi>(config_.server.lifecycle_api);
    const Result<prom::Cors> cors = prom::Cors::Create(config_.server.cors_origin);
    if (!cors.ok()) return cors.status().WithContext("server.cors_origin");
    net::Router router = ApiRouter(*cors);
    AddHealthRoutes(router);
    lifecycle_api_->AddRoutes(router);
    if (config_.server.admin_api) {
      admin_api_ = std::make_unique<AdminApi>(config_, store_->engine(), Clock::System());
      admin_api_->AddRoutes(router);
      prometheus_api_->SetSnapshot([this] { return admin_api_->TakeSnapshot(); });
    }
    prometheus_api_->AddRoutes(router);
    prom::Cors::AddRoutes(router);
    const auto& server = config_.server;
    LUMA_ASSIGN_OR_RETURN(
        http_, net::HttpServer::Start(http_loop_, http_workers_, std::move(router),
                                      HttpOptions(server.host, server.port, server.require_auth)));
    LogListening("http", server.host, http_->port());
    return Status::Ok();
  }

  Status StartMetrics() {
    const auto& metrics = config_.metrics;
    if (!metrics.enabled) return Status::Ok();
    net::Router router = MeasuredRouter();
    AddHealthRoutes(router);
    router.Add("GET", metrics.path, {},
               [](const net::HttpRequest&, const net::Responder& responder) {
                 responder.Send({.content_type = "text/plain; version=0.0.4; charset=utf-8",
                                 .body = MetricsRegistry::Default().Text()});
               });
    LUMA_ASSIGN_OR_RETURN(
        metrics_,
        net::HttpServer::Start(http_loop_, http_workers_, std::move(router),
                               HttpOptions(metrics.host, metrics.port, metrics.require_auth)));
    LogListening("metrics", metrics.host, metrics_->port());
    return Status::Ok();
  }

  Status StartPostgres() {
    const auto& postgres = config_.postgres;
    const pgwire::PgServerParts parts{.loop = loop_,
                                      .workers = sql_workers_,
                                      .database = store_->database(),
                                      .budget = store_->engine().budget(),
                                      .admission = &admission_};
    pgwire::PgServerOptions options;
    options.host = postgres.host;
    options.port = static_cast<uint16_t>(postgres.port);
    options.auth = AuthConfigOf(config_);
    options.sessions_max = static_cast<size_t>(postgres.max_connections);
    options.authentication_timeout = postgres.login_timeout;
    options.session.statement_timeout = config_.query.timeout;
    LUMA_ASSIGN_OR_RETURN(postgres_, pgwire::PgServer::Start(parts, std::move(options)));
    LogListening("postgres", postgres.host, postgres_->port());
    return Status::Ok();
  }

  // Starts the scraper, or gives the running one its new jobs.
  Status ConfigureScraper() {
    OwnMetricsPage own;
    if (metrics_) own = {config_.metrics.host, metrics_->port(), config_.metrics.path};
    LUMA_ASSIGN_OR_RETURN(ScraperSettings settings, ScraperSettingsOf(config_, own));
    if (!scraper_) StartScraper();
    scraper_->Reconfigure(std::move(settings.options));
    prometheus_api_->PublishScrapeFile(std::move(settings.prometheus_yaml));
    alertmanagers_ = std::move(settings.alertmanagers);
    return Status::Ok();
  }

  void StartScraper() {
    scraper_ = std::make_unique<prom::PrometheusScraper>(
        http_workers_, store_->metrics(), Clock::System(), store_->engine().budget(),
        net::FetcherOptions{.allow_link_local = config_.scrape.allow_link_local,
                            .memory = socket_memory_.get()});
    prometheus_api_->SetScraper(*scraper_);
    scraper_metrics_ = RegisterScraperMetrics(scraper_->counters(), MetricsRegistry::Default());
  }

  // Starts the evaluation of rules, or gives it its new files.
  Status ConfigureRules() {
    if (rules_) return rules_->Configure(config_, alertmanagers_);
    auto rules = std::make_unique<RuleService>(*store_, config_);
    LUMA_RETURN_IF_ERROR(rules->Configure(config_, alertmanagers_));
    rules_ = std::move(rules);
    prometheus_api_->SetRules(*rules_);
    rule_metrics_ = RegisterRuleMetrics(*rules_, MetricsRegistry::Default());
    return Status::Ok();
  }

  Duration ShutdownGrace() LUMA_EXCLUDES(reload_mutex_) {
    MutexLock lock(reload_mutex_);  // a request may still be reloading
    return config_.server.shutdown_grace;
  }

  // All at once: each drains for the whole grace, which must not add up, and none may take new work
  // while another drains.
  void StopFrontEnds() {
    const Duration grace = ShutdownGrace();
    std::vector<std::thread> stops;
    if (scraper_) stops.emplace_back([this] { scraper_->Stop(); });
    if (rules_) stops.emplace_back([this] { rules_->Stop(); });
    if (http_) {
      stops.emplace_back([this, grace] { http_->Stop(grace, [this] { CancelRequests(); }); });
    }
    if (postgres_) stops.emplace_back([this, grace] { postgres_->Stop(grace); });
    if (metrics_) stops.emplace_back([this, grace] { metrics_->Stop(grace); });
    for (std::thread& stop : stops) stop.join();
  }

  void CancelRequests() {
    prometheus_api_->CancelAll();
    store_->metrics().CancelWork();
  }

  // Members are made in this order and destroyed in the opposite one: what is below uses what is
  // above.
  const LoadFunction load_;
  Mutex reload_mutex_;  // held while config_ changes, after the start
  Config config_;
  Credentials credentials_;
  RateLimiter rate_limiter_;
  RateLimitAdmission admission_;
  const RefusalCounters refusals_{MetricsRegistry::Default()};
  size_t connections_max_ = 0;  // of each HTTP port
  std::vector<MetricsRegistry::Callback> process_metrics_;
  std::atomic<bool> ready_{false};
  bool stopped_ = false;
  std::unique_ptr<Store> store_;
  std::unique_ptr<SocketMemory> socket_memory_;
  std::vector<MetricsRegistry::Callback> memory_metrics_;
  std::unique_ptr<PrometheusApi> prometheus_api_;
  std::vector<MetricsRegistry::Callback> remote_write_metrics_;
  std::vector<MetricsRegistry::Callback> push_metrics_;
  std::unique_ptr<LifecycleApi> lifecycle_api_;
  std::unique_ptr<AdminApi> admin_api_;
  net::EventLoop loop_;
  net::EventLoop http_loop_;
  net::WorkerPool http_workers_;
  net::WorkerPool query_workers_;  // of the HTTP API,
  QueryHelpers query_helpers_;     // for the large ones among them, and
  net::WorkerPool sql_workers_;    // of SQL: apart, so that long queries never hold up ingestion
  std::unique_ptr<net::HttpServer> http_;
  std::unique_ptr<net::HttpServer> metrics_;
  std::unique_ptr<pgwire::PgServer> postgres_;
  std::unique_ptr<prom::PrometheusScraper> scraper_;
  std::vector<MetricsRegistry::Callback> scraper_metrics_;
  std::vector<prom::Alertmanager> alertmanagers_;  // of the scraper's file
  std::unique_ptr<RuleService> rules_;
  std::vector<MetricsRegistry::Callback> rule_metrics_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { impl_->Stop(); }

Result<std::unique_ptr<Server>> Server::Start(Config config, LoadFunction load) {
  auto impl = std::make_unique<Impl>(std::move(config), std::move(load));
  const Status status = impl->Start();
  auto server = std::unique_ptr<Server>(new Server(std::move(impl)));
  if (!status.ok()) return status;
  return server;
}

Status Server::Reload() { return impl_->Reload(); }

void Server::Stop() { impl_->Stop(); }

}  // namespace luma::server
