// Tells Alertmanagers (API version 2) about alerts.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "net/fetcher.h"
#include "prom/alertmanager.h"
#include "rules/alert.h"
#include "rules/rule_file.h"

namespace luma::prom {

struct AlertNotifierOptions {
  std::vector<Alertmanager> alertmanagers;
  // Of alerts that wait for one Alertmanager; the oldest make room.
  size_t queue_max = 10'000;
  size_t queue_bytes_max = 16 << 20;  // of their JSON; no budget knows of it
  size_t batch_max = 256;             // alerts of one request
  int attempts_max = 4;
  std::chrono::milliseconds retry_delay{1'000};  // doubles with each attempt
  rules::LabelMap external_labels = {};          // added to alerts that lack them
  std::string external_url = {};
  bool allow_link_local = false;  // see net::FetcherOptions
  bool operator==(const AlertNotifierOptions&) const = default;
};

struct AlertNotifierCounters {
  std::atomic<uint64_t> sent{0};     // alerts, for each Alertmanager
  std::atomic<uint64_t> dropped{0};  // queue full, or refused, or no attempt worked
  std::atomic<uint64_t> errors{0};   // requests that failed
};

// Each Alertmanager has a queue and a thread of its own, so that one that is down holds up no
// other. A batch that fails (no answer, 429, 5xx) is sent again; one that is refused is dropped.
// What is lost all the same is sent again by the rule after its resend delay. Secrets in files are
// read anew for each request. Threads: any. Lifetime: the counters outlive it.
class AlertNotifier {
 public:
  AlertNotifier(AlertNotifierOptions options, AlertNotifierCounters& counters);
  ~AlertNotifier();  // gives up what waits and what is under way

  // Returns at once.
  void Notify(const rules::RuleSpec& rule, const std::vector<rules::Alert>& alerts);
  std::vector<std::string> Urls() const;
  const AlertNotifierOptions& options() const { return options_; }

 private:
  struct Peer;
  void Run(Peer& peer);
  static void LogChange(Peer& peer, bool sent, const Result<net::FetchResponse>& response);
  Result<net::FetchResponse> Send(net::FetchRequest request, const HttpClientConfig& http);
  bool SendBatch(Peer& peer, const std::vector<std::string>& batch);
  // Waits up to `delay` for the notifier to stop; true when it does.
  bool StopsWithin(Peer& peer, std::chrono::milliseconds delay);

  // The alert as JSON; empty when the rules for this peer drop it.
  std::string TextFor(const Peer& peer, const rules::RuleSpec& rule,
                      const rules::Alert& alert) const;

  const AlertNotifierOptions options_;
  AlertNotifierCounters& counters_;
  std::unique_ptr<net::Fetcher> fetcher_;  // it has a thread: null without Alertmanagers
  std::vector<std::unique_ptr<Peer>> peers_;
};

}  // namespace luma::prom
