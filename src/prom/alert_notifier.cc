#include "prom/alert_notifier.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/log.h"
#include "net/url.h"
#include "prom/json_fields.h"
#include "prom/time_text.h"
#include "rules/expression_link.h"

namespace luma::prom {
namespace {

constexpr std::string_view kScheme = "http://";

std::string AlertJson(const rules::Alert& alert, const AlertNotifierOptions& options,
                      const std::string& query) {
  rules::LabelMap labels = options.external_labels;
  for (const LabelRef& label : alert.labels) labels[std::string(label.name)] = label.value;
  JsonWriter json;
  json.BeginObject();
  MapField("labels", labels, json);
  MapField("annotations", alert.annotations, json);
  TextField("startsAt", Rfc3339(alert.fired_at), json);
  TextField("endsAt", Rfc3339(alert.resolved_at != 0 ? alert.resolved_at : alert.valid_until),
            json);
  TextField("generatorURL", options.external_url + rules::ExpressionLink(query, '1'), json);
  json.EndObject();
  return json.Take();
}

std::string BatchJson(const std::vector<std::string>& batch) {
  std::string json = "[";
  for (const std::string& alert : batch) {
    if (json.size() > 1) json += ',';
    json += alert;
  }
  return json + "]";
}

bool IsWorthRepeating(int status) { return status == 429 || status >= 500; }

}  // namespace

Result<AlertmanagerAddress> AlertmanagerAddress::Parse(std::string_view url) {
  const Status bad = Status::InvalidArgument("not the address of an Alertmanager: url=", url,
                                             " expected=http://host:port");
  if (!url.starts_with(kScheme)) return bad;
  std::string_view rest = url.substr(kScheme.size());
  AlertmanagerAddress address;
  const size_t slash = std::min(rest.find('/'), rest.size());
  address.path = rest.substr(slash);
  while (address.path.ends_with('/')) address.path.pop_back();
  rest = rest.substr(0, slash);
  const size_t colon = rest.rfind(':');
  const bool has_port = colon != std::string_view::npos && rest.find(']', colon) == rest.npos;
  if (has_port) {
    const std::string_view port = rest.substr(colon + 1);
    const char* const end = port.data() + port.size();
    const auto [stop, error] = std::from_chars(port.data(), end, address.port);
    if (error != std::errc() || stop != end || address.port == 0) return bad;
    rest = rest.substr(0, colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  address.host = rest;
  const bool bad_text = url.find_first_of(" \t\r\n?#@") != std::string_view::npos;
  if (address.host.empty() || bad_text) return bad;
  return address;
}

std::string AlertmanagerAddress::Url() const {
  return std::string(kScheme) + net::HostAndPort(host, port) + path + "/api/v2/alerts";
}

struct AlertNotifier::Peer {
  AlertmanagerAddress address;
  Mutex mutex;
  CondVar wake;
  std::deque<std::string> queue LUMA_GUARDED_BY(mutex);
  bool stopping LUMA_GUARDED_BY(mutex) = false;
  bool failing = false;  // so that a change is logged, not every failure; of the thread
  std::thread thread;
};

AlertNotifier::AlertNotifier(net::EventLoop& loop, AlertNotifierOptions options,
                             AlertNotifierCounters& counters)
    : loop_(loop), options_(std::move(options)), counters_(counters) {
  for (const AlertmanagerAddress& address : options_.alertmanagers) {
    Peer& peer = *peers_.emplace_back(std::make_unique<Peer>());
    peer.address = address;
    peer.thread = std::thread([this, &peer] { Run(peer); });
  }
}

AlertNotifier::~AlertNotifier() {
  for (const std::unique_ptr<Peer>& peer : peers_) {
    MutexLock lock(peer->mutex);
    peer->stopping = true;
    peer->wake.NotifyAll();
  }
  for (const std::unique_ptr<Peer>& peer : peers_) peer->thread.join();
}

void AlertNotifier::Notify(const rules::RuleSpec& rule, const std::vector<rules::Alert>& alerts) {
  std::vector<std::string> texts;
  for (const rules::Alert& alert : alerts) texts.push_back(AlertJson(alert, options_, rule.query));
  for (const std::unique_ptr<Peer>& peer : peers_) {
    MutexLock lock(peer->mutex);
    peer->queue.insert(peer->queue.end(), texts.begin(), texts.end());
    while (peer->queue.size() > options_.queue_max) {
      peer->queue.pop_front();
      ++counters_.dropped;
    }
    peer->wake.NotifyAll();
  }
}

std::vector<std::string> AlertNotifier::Urls() const {
  std::vector<std::string> urls;
  for (const AlertmanagerAddress& address : options_.alertmanagers) urls.push_back(address.Url());
  return urls;
}

void AlertNotifier::Run(Peer& peer) {
  while (true) {
    std::vector<std::string> batch;
    {
      MutexLock lock(peer.mutex);
      while (peer.queue.empty() && !peer.stopping) peer.wake.Wait(peer.mutex);
      if (peer.stopping) return;
      while (!peer.queue.empty() && batch.size() < options_.batch_max) {
        batch.push_back(std::move(peer.queue.front()));
        peer.queue.pop_front();
      }
    }
    (SendBatch(peer, batch) ? counters_.sent : counters_.dropped) += batch.size();
  }
}

bool AlertNotifier::StopsWithin(Peer& peer, std::chrono::milliseconds delay) {
  const auto end = std::chrono::steady_clock::now() + delay;
  MutexLock lock(peer.mutex);
  while (!peer.stopping && std::chrono::steady_clock::now() < end) {
    peer.wake.WaitFor(peer.mutex, end - std::chrono::steady_clock::now());
  }
  return peer.stopping;
}

void AlertNotifier::LogChange(Peer& peer, bool sent, const Result<net::HttpResponse>& response) {
  if (peer.failing != sent) return;
  peer.failing = !sent;
  if (sent) {
    LUMA_LOG(kInfo, "rules", "alerts are taken again: alertmanager={}", peer.address.Url());
  } else {
    LUMA_LOG(kWarn, "rules", "alerts are not taken: alertmanager={} reason={}", peer.address.Url(),
             response.ok() ? "status " + std::to_string(response->status)
                           : std::string(response.status().message()));
  }
}

bool AlertNotifier::SendBatch(Peer& peer, const std::vector<std::string>& batch) {
  const net::HttpGetRequest request{
      .host = peer.address.host,
      .port = peer.address.port,
      .method = "POST",
      .target = peer.address.path + "/api/v2/alerts",
      .headers = {{"Content-Type", "application/json"}, {"User-Agent", "LumaDB"}},
      .body = BatchJson(batch),
      .timeout = options_.timeout,
      .body_bytes_max = 1 << 20};
  std::chrono::milliseconds delay = options_.retry_delay;
  for (int attempt = 1;; ++attempt, delay *= 2) {
    const Result<net::HttpResponse> response = net::HttpWait(loop_, request);
    const bool sent = response.ok() && response->status / 100 == 2;
    LogChange(peer, sent, response);
    if (sent) return true;
    ++counters_.errors;
    const bool refused = response.ok() && !IsWorthRepeating(response->status);
    if (refused || attempt == options_.attempts_max || StopsWithin(peer, delay)) return false;
  }
}

}  // namespace luma::prom
