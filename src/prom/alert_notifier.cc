#include "prom/alert_notifier.h"

#include <utility>

#include "base/log.h"
#include "prom/json_fields.h"
#include "prom/scrape/http_request.h"
#include "prom/time_text.h"
#include "rules/expression_link.h"

namespace luma::prom {
namespace {

std::string AlertJson(const rules::Alert& alert, const LabelBuilder::Map& labels,
                      const std::string& generator_url) {
  JsonWriter json;
  json.BeginObject();
  MapField("labels", labels, json);
  MapField("annotations", alert.annotations, json);
  TextField("startsAt", Rfc3339(alert.fired_at), json);
  TextField("endsAt", Rfc3339(alert.resolved_at != 0 ? alert.resolved_at : alert.valid_until),
            json);
  TextField("generatorURL", generator_url, json);
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

// But for secrets that are in files.
net::FetchRequest RequestTo(const Alertmanager& to, std::string body) {
  net::FetchRequest request{.url = to.url,
                            .headers = {"Content-Type: application/json", "User-Agent: LumaDB"},
                            .body = std::move(body),
                            .tls = std::make_shared<const net::TlsOptions>(to.http.tls),
                            .timeout = to.timeout,
                            .body_bytes_max = 1 << 20,
                            .follows_redirects = to.http.follow_redirects};
  ApplyClientConfig(to.http, request);
  return request;
}

bool IsWorthRepeating(int status) { return status == 429 || status >= 500; }

}  // namespace

struct AlertNotifier::Peer {
  const Alertmanager* to = nullptr;
  Mutex mutex;
  CondVar wake;
  std::deque<std::string> queue LUMA_GUARDED_BY(mutex);
  size_t queue_bytes LUMA_GUARDED_BY(mutex) = 0;
  bool stopping LUMA_GUARDED_BY(mutex) = false;
  bool failing = false;  // so that a change is logged, not every failure; of the thread
  std::thread thread;

  void Push(std::string text) LUMA_REQUIRES(mutex) {
    queue_bytes += text.size();
    queue.push_back(std::move(text));
  }
  std::string Pop() LUMA_REQUIRES(mutex) {
    std::string text = std::move(queue.front());
    queue.pop_front();
    queue_bytes -= text.size();
    return text;
  }
};

AlertNotifier::AlertNotifier(AlertNotifierOptions options, AlertNotifierCounters& counters)
    : options_(std::move(options)), counters_(counters) {
  if (options_.alertmanagers.empty()) return;
  fetcher_ = std::make_unique<net::Fetcher>(
      net::FetcherOptions{.allow_link_local = options_.allow_link_local});
  for (const Alertmanager& alertmanager : options_.alertmanagers) {
    Peer& peer = *peers_.emplace_back(std::make_unique<Peer>());
    peer.to = &alertmanager;
    peer.thread = std::thread([this, &peer] { Run(peer); });
  }
}

AlertNotifier::~AlertNotifier() {
  for (const std::unique_ptr<Peer>& peer : peers_) {
    MutexLock lock(peer->mutex);
    peer->stopping = true;
    peer->wake.NotifyAll();
  }
  if (fetcher_ != nullptr) fetcher_->Stop();
  for (const std::unique_ptr<Peer>& peer : peers_) peer->thread.join();
}

std::string AlertNotifier::TextFor(const Peer& peer, const rules::RuleSpec& rule,
                                   const rules::Alert& alert) const {
  LabelBuilder labels(
      LabelBuilder::Map(options_.external_labels.begin(), options_.external_labels.end()));
  for (const LabelRef& label : alert.labels) labels.Set(label.name, label.value);
  if (!Relabel(peer.to->alert_relabel_rules, labels)) return "";
  return AlertJson(alert, labels.labels(),
                   options_.external_url + rules::ExpressionLink(rule.query, '1'));
}

void AlertNotifier::Notify(const rules::RuleSpec& rule, const std::vector<rules::Alert>& alerts) {
  for (const std::unique_ptr<Peer>& peer : peers_) {
    std::vector<std::string> texts;
    for (const rules::Alert& alert : alerts) {
      std::string text = TextFor(*peer, rule, alert);
      if (!text.empty()) texts.push_back(std::move(text));
    }
    MutexLock lock(peer->mutex);
    for (std::string& text : texts) peer->Push(std::move(text));
    while (peer->queue.size() > options_.queue_max ||
           peer->queue_bytes > options_.queue_bytes_max) {
      peer->Pop();
      ++counters_.dropped;
    }
    peer->wake.NotifyAll();
  }
}

std::vector<std::string> AlertNotifier::Urls() const {
  std::vector<std::string> urls;
  for (const Alertmanager& alertmanager : options_.alertmanagers) urls.push_back(alertmanager.url);
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
        batch.push_back(peer.Pop());
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

void AlertNotifier::LogChange(Peer& peer, bool sent, const Result<net::FetchResponse>& response) {
  const bool is_stopping = response.status().code() == StatusCode::kCancelled;
  if (is_stopping || peer.failing != sent) return;
  peer.failing = !sent;
  if (sent) {
    LUMA_LOG(kInfo, "rules", "alerts are taken again: alertmanager={}", peer.to->url);
  } else {
    LUMA_LOG(kWarn, "rules", "alerts are not taken: alertmanager={} reason={}", peer.to->url,
             response.ok() ? "status " + std::to_string(response->status)
                           : std::string(response.status().message()));
  }
}

bool AlertNotifier::SendBatch(Peer& peer, const std::vector<std::string>& batch) {
  const net::FetchRequest request = RequestTo(*peer.to, BatchJson(batch));
  std::chrono::milliseconds delay = options_.retry_delay;
  for (int attempt = 1;; ++attempt, delay *= 2) {
    const Result<net::FetchResponse> response = Send(request, peer.to->http);
    const bool sent = response.ok() && response->status / 100 == 2;
    LogChange(peer, sent, response);
    if (sent) return true;
    ++counters_.errors;
    const bool refused = response.ok() && !IsWorthRepeating(response->status);
    if (refused || attempt == options_.attempts_max || StopsWithin(peer, delay)) return false;
  }
}

Result<net::FetchResponse> AlertNotifier::Send(net::FetchRequest request,
                                               const HttpClientConfig& http) {
  LUMA_RETURN_IF_ERROR(AddSecretsFromFiles(http, request));
  return fetcher_->FetchAndWait(std::move(request));
}

}  // namespace luma::prom
