#include "server/server.h"

#include <atomic>
#include <thread>

#include "base/log.h"
#include "base/metrics.h"
#include "net/event_loop.h"
#include "net/http_server.h"
#include "net/worker_pool.h"
#include "server/credentials.h"
#include "server/measured_handler.h"
#include "server/process_metrics.h"
#include "server/rate_limit_admission.h"
#include "server/rate_limiter.h"

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

int WorkerThreads(const Config& config) {
  const auto configured = static_cast<int>(config.server.worker_threads);
  return configured > 0 ? configured : 4 * Processors();
}

RateLimitConfig RateLimits(const Config& config) {
  return {.enabled = config.rate_limit.enabled,
          .max_requests = static_cast<uint32_t>(config.rate_limit.max_requests),
          .window = config.rate_limit.window,
          .ban_duration = config.rate_limit.ban_duration};
}

void LogListening(std::string_view service, std::string_view host, uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string_view::npos;
  LUMA_LOG(kInfo, "server", "listening service={} address={}{}{}:{}", service, is_ipv6 ? "[" : "",
           host, is_ipv6 ? "]" : "", port);
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
  explicit Impl(Config config)
      : config_(std::move(config)),
        credentials_(config_),
        rate_limiter_(RateLimits(config_), Clock::System()),
        admission_(rate_limiter_),
        loop_(IoThreads(config_)),
        workers_(WorkerThreads(config_), kWaitingRequestsMax) {}

  Status Start() {
    LUMA_RETURN_IF_ERROR(ApplyLogLevel());
    process_metrics_ = RegisterProcessMetrics(MetricsRegistry::Default());
    LUMA_RETURN_IF_ERROR(StartHttp());
    LUMA_RETURN_IF_ERROR(StartMetrics());
    ready_ = true;
    LUMA_LOG(kInfo, "server", "ready");
    return Status::Ok();
  }

  void Reload(const Config& loaded) {
    const ConfigChange change = server::Reload(loaded, config_);
    for (const std::string& key : change.applied) {
      LUMA_LOG(kInfo, "server", "configuration changed: key={}", key);
    }
    for (const std::string& key : change.needs_restart) {
      LUMA_LOG(kWarn, "server", "configuration change waits for a restart: key={}", key);
    }
    static_cast<void>(ApplyLogLevel());  // the level was checked when the file was read
    rate_limiter_.Reconfigure(RateLimits(config_));
  }

  void Stop() {
    if (stopped_) return;
    stopped_ = true;
    ready_ = false;
    LUMA_LOG(kInfo, "server", "stopping");
    for (const auto& http : {&http_, &metrics_}) {
      if (*http) (*http)->Stop(config_.server.shutdown_grace);
    }
    workers_.Stop();
    loop_.Stop();
    LUMA_LOG(kInfo, "server", "stopped");
  }

 private:
  Status ApplyLogLevel() {
    LUMA_ASSIGN_OR_RETURN(const LogLevel level, ParseLogLevel(config_.general.log_level));
    SetLogLevel(level);
    return Status::Ok();
  }

  net::HttpServerOptions HttpOptions(const std::string& host, int64_t port, bool require_auth) {
    return {.host = host,
            .port = static_cast<uint16_t>(port),
            .connections_max = static_cast<size_t>(config_.server.max_connections),
            .body_bytes_in_flight_max = config_.server.body_memory.bytes,
            .first_byte_timeout = config_.server.header_timeout,
            .idle_timeout = config_.server.idle_timeout,
            .header_timeout = config_.server.header_timeout,
            .body_timeout = config_.server.body_timeout,
            .password_check = require_auth ? &credentials_ : nullptr,
            .admission = &admission_};
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
    net::Router router;
    AddHealthRoutes(router);
    const auto& server = config_.server;
    LUMA_ASSIGN_OR_RETURN(
        http_, net::HttpServer::Start(loop_, workers_, std::move(router),
                                      HttpOptions(server.host, server.port, server.require_auth)));
    LogListening("http", server.host, http_->port());
    return Status::Ok();
  }

  Status StartMetrics() {
    const auto& metrics = config_.metrics;
    if (!metrics.enabled) return Status::Ok();
    net::Router router;
    AddHealthRoutes(router);
    router.Add("GET", metrics.path, {},
               [](const net::HttpRequest&, const net::Responder& responder) {
                 responder.Send({.content_type = "text/plain; version=0.0.4; charset=utf-8",
                                 .body = MetricsRegistry::Default().Text()});
               });
    LUMA_ASSIGN_OR_RETURN(metrics_, net::HttpServer::Start(loop_, workers_, std::move(router),
                                                           HttpOptions(metrics.host, metrics.port,
                                                                       metrics.require_auth)));
    LogListening("metrics", metrics.host, metrics_->port());
    return Status::Ok();
  }

  // Members are made in this order and destroyed in the opposite one: what is below uses what is
  // above.
  Config config_;
  Credentials credentials_;
  RateLimiter rate_limiter_;
  RateLimitAdmission admission_;
  std::vector<MetricsRegistry::Callback> process_metrics_;
  std::atomic<bool> ready_{false};
  bool stopped_ = false;
  net::EventLoop loop_;
  net::WorkerPool workers_;
  std::unique_ptr<net::HttpServer> http_;
  std::unique_ptr<net::HttpServer> metrics_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { impl_->Stop(); }

Result<std::unique_ptr<Server>> Server::Start(Config config) {
  auto impl = std::make_unique<Impl>(std::move(config));
  const Status status = impl->Start();
  auto server = std::unique_ptr<Server>(new Server(std::move(impl)));
  if (!status.ok()) return status;
  return server;
}

void Server::Reload(const Config& loaded) { impl_->Reload(loaded); }

void Server::Stop() { impl_->Stop(); }

}  // namespace luma::server
