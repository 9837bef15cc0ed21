#include "prom/alert_notifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "net/http_server.h"
#include "net/testing/scripted_server.h"
#include "prom/scrape/prometheus_config.h"

namespace luma::prom {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

TEST(AlertmanagerTest, AddressesOfBothSchemes) {
  const auto url = [](std::string_view text) {
    const Result<Alertmanager> at = AlertmanagerAt(text);
    return at.ok() ? at->url : "bad";
  };
  EXPECT_EQ(url("http://a:9093"), "http://a:9093/api/v2/alerts");
  EXPECT_EQ(url("http://a/x/"), "http://a:80/x/api/v2/alerts");
  EXPECT_EQ(url("https://a"), "https://a:443/api/v2/alerts");
  EXPECT_EQ(url("http://[::1]:1"), "http://[::1]:1/api/v2/alerts");
  for (const std::string_view bad : {"ftp://a", "a:9093", "http://", "https://", "http://a:x",
                                     "http://a:0", "http://a b", "http://u@a", "http://a?x"}) {
    EXPECT_EQ(url(bad), "bad") << bad;
  }
}

// An Alertmanager that answers what the test says.
class AlertNotifierTest : public testing::Test {
 protected:
  AlertNotifierTest() {
    net::Router router;
    router.Add("POST", "/x/api/v2/alerts", {},
               [this](const net::HttpRequest& request, const net::Responder& responder) {
                 MutexLock lock(mutex_);
                 bodies_.push_back(request.body);
                 authorization_ = request.Header("Authorization");
                 responder.Send({.status = statuses_.empty() ? 200 : statuses_.front()});
                 if (!statuses_.empty()) statuses_.pop_front();
               });
    server_ = net::HttpServer::Start(loop_, workers_, std::move(router), {}).value();
  }
  ~AlertNotifierTest() override { server_.reset(); }

  AlertNotifierOptions Options() {
    AlertNotifierOptions options;
    options.alertmanagers.push_back(
        *AlertmanagerAt("http://127.0.0.1:" + std::to_string(server_->port()) + "/x"));
    options.retry_delay = milliseconds(1);
    return options;
  }
  static rules::RuleSpec Rule() {
    rules::RuleSpec rule;
    rule.query = "up == 0";
    return rule;
  }
  static std::vector<rules::Alert> Alerts(int count) {
    std::vector<rules::Alert> alerts;
    for (int i = 0; i < count; ++i) {
      alerts.push_back({.labels = Labels::Of({{"alertname", std::to_string(i)}}).value(),
                        .annotations = {},
                        .fired_at = 1'000,
                        .valid_until = 5'000});
    }
    return alerts;
  }
  // Every alert has been taken or given up.
  void WaitFor(uint64_t alerts) {
    while (counters_.sent + counters_.dropped < alerts) std::this_thread::yield();
  }
  std::vector<std::string> Bodies() {
    MutexLock lock(mutex_);
    return bodies_;
  }
  std::string Authorization() {
    MutexLock lock(mutex_);
    return authorization_;
  }
  void Answer(std::deque<int> statuses) {
    MutexLock lock(mutex_);
    statuses_ = std::move(statuses);
  }

  Mutex mutex_;
  std::vector<std::string> bodies_ LUMA_GUARDED_BY(mutex_);
  std::string authorization_ LUMA_GUARDED_BY(mutex_);
  std::deque<int> statuses_ LUMA_GUARDED_BY(mutex_);
  AlertNotifierCounters counters_;
  net::EventLoop loop_{1};
  net::WorkerPool workers_{1, 100};
  std::unique_ptr<net::HttpServer> server_;
};

TEST_F(AlertNotifierTest, SendsWhatAnAlertmanagerReads) {
  AlertNotifierOptions options = Options();
  options.external_labels = {{"cluster", "c"}, {"alertname", "not this"}};
  options.external_url = "http://luma";
  AlertNotifier notifier(options, counters_);
  notifier.Notify(Rule(), Alerts(1));
  WaitFor(1);
  EXPECT_EQ(Bodies()[0], R"([{"labels":{"alertname":"0","cluster":"c"},"annotations":{},)"
                         R"("startsAt":"1970-01-01T00:00:01Z","endsAt":"1970-01-01T00:00:05Z",)"
                         R"("generatorURL":"http://luma/graph?g0.expr=up+%3D%3D+0&g0.tab=1"}])");
  EXPECT_EQ(counters_.sent, 1u);
}

TEST_F(AlertNotifierTest, PasswordsAndTokensAreSent) {
  AlertNotifierOptions options = Options();
  options.alertmanagers[0].http.username.text = "u";
  options.alertmanagers[0].http.password.text = "p";
  {
    AlertNotifier notifier(options, counters_);
    notifier.Notify(Rule(), Alerts(1));
    WaitFor(1);
  }
  EXPECT_EQ(Authorization(), "Basic dTpw");
  const std::string file = testing::TempDir() + "luma_alertmanager_token";
  std::ofstream(file) << "secret\n";
  options = Options();
  options.alertmanagers[0].http.credentials.file = file;
  AlertNotifier notifier(options, counters_);
  notifier.Notify(Rule(), Alerts(1));
  WaitFor(2);
  EXPECT_EQ(Authorization(), "Bearer secret");
  std::filesystem::remove(file);
}

TEST_F(AlertNotifierTest, RulesOfAnAlertmanagerChangeAndDropAlerts) {
  AlertNotifierOptions options = Options();
  const auto config = ParsePrometheusConfig(
      "alerting:\n"
      "  alert_relabel_configs:\n"
      "  - {source_labels: [alertname], regex: '1', action: drop}\n"
      "  alertmanagers:\n"
      "  - static_configs: [{targets: ['127.0.0.1:" +
          std::to_string(server_->port()) +
          "']}]\n"
          "    path_prefix: x\n"
          "    alert_relabel_configs:\n"
          "    - {target_label: via, replacement: rules}\n",
      "");
  ASSERT_TRUE(config.ok()) << config.status();
  options.alertmanagers = config->alertmanagers;
  AlertNotifier notifier(options, counters_);
  notifier.Notify(Rule(), Alerts(3));
  WaitFor(2);
  std::string all;
  for (const std::string& body : Bodies()) all += body;
  EXPECT_THAT(all, HasSubstr(R"({"alertname":"0","via":"rules"})"));
  EXPECT_THAT(all, HasSubstr(R"({"alertname":"2","via":"rules"})"));
  EXPECT_THAT(all, testing::Not(HasSubstr(R"("alertname":"1")")));
}

TEST_F(AlertNotifierTest, FailuresAreRepeatedAndRefusalsAreNot) {
  AlertNotifier notifier(Options(), counters_);
  Answer({500, 429});
  notifier.Notify(Rule(), Alerts(1));
  WaitFor(1);
  EXPECT_EQ(Bodies().size(), 3u);
  EXPECT_EQ(counters_.sent, 1u);
  Answer({400});
  notifier.Notify(Rule(), Alerts(1));
  WaitFor(2);
  EXPECT_EQ(Bodies().size(), 4u);
  EXPECT_EQ(counters_.dropped, 1u);
  Answer({503, 503, 503, 503});
  notifier.Notify(Rule(), Alerts(1));
  WaitFor(3);
  EXPECT_EQ(Bodies().size(), 8u) << "four attempts";
  EXPECT_EQ(counters_.dropped, 2u);
}

TEST_F(AlertNotifierTest, BatchesAndTheQueueAreBounded) {
  AlertNotifierOptions options = Options();
  options.batch_max = 4;
  options.queue_max = 10;
  AlertNotifier notifier(options, counters_);
  notifier.Notify(Rule(), Alerts(25));
  WaitFor(25);
  EXPECT_EQ(counters_.dropped, 15u);
  EXPECT_EQ(counters_.sent, 10u);
  EXPECT_EQ(Bodies().size(), 3u);
  EXPECT_THAT(Bodies()[0], HasSubstr(R"("alertname":"15")"));
}

TEST_F(AlertNotifierTest, GoesThroughAProxyWithAToken) {
  net::ScriptedServer proxy([](const std::string& request) {
    const bool is_token = request.starts_with("POST http://auth.test/token ");
    return net::TestResponse("200 OK", is_token ? R"({"access_token": "t"})" : "");
  });
  AlertNotifierOptions options = Options();
  options.alertmanagers = {*AlertmanagerAt("http://am.test:9093")};
  HttpClientConfig& http = options.alertmanagers[0].http;
  http.proxy.url = proxy.Url();
  http.oauth2 = {.client_id = "me", .token_url = "http://auth.test/token"};
  http.oauth2->proxy.url = proxy.Url();
  AlertNotifier notifier(options, counters_);
  notifier.Notify(Rule(), Alerts(1));
  WaitFor(1);
  EXPECT_EQ(counters_.sent, 1u);
  ASSERT_EQ(proxy.requests().size(), 2u);
  EXPECT_THAT(proxy.requests()[1], HasSubstr("POST http://am.test:9093/api/v2/alerts "));
  EXPECT_THAT(proxy.requests()[1], HasSubstr("Authorization: Bearer t\r\n"));
}

TEST_F(AlertNotifierTest, TheBytesOfTheQueueAreBounded) {
  AlertNotifierOptions options = Options();
  options.queue_bytes_max = 10'000;
  std::vector<rules::Alert> alerts = Alerts(25);
  for (rules::Alert& alert : alerts) alert.annotations = {{"text", std::string(1'000, 'x')}};
  AlertNotifier notifier(options, counters_);
  notifier.Notify(Rule(), alerts);
  WaitFor(25);
  EXPECT_EQ(counters_.sent, 8u) << "of 1,100 bytes each";
  EXPECT_THAT(Bodies()[0], HasSubstr(R"("alertname":"24")"));
}

}  // namespace
}  // namespace luma::prom
