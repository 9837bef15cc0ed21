#include "prom/rules_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http_server.h"
#include "net/testing/http_test_client.h"

namespace luma::prom {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr UnixMillis kNow = 1'700'000'000'000;

std::vector<rules::RuleGroupState> Groups() {
  const auto specs = rules::ParseRuleFile(R"(
groups:
- name: one
  interval: 30s
  rules:
  - {record: a, expr: sum(up), labels: {x: y}}
  - {alert: Down, expr: up == 0, for: 5m, labels: {severity: page}, annotations: {s: "{{ $value }}"}}
- name: two
  rules:
  - {record: b, expr: up}
)",
                                          "r.yml");
  std::vector<rules::RuleGroupState> groups;
  for (const rules::RuleGroupSpec& spec : *specs) {
    rules::RuleGroupState& group = groups.emplace_back();
    group.name = spec.name;
    group.file = spec.file;
    group.interval = spec.interval.value_or(std::chrono::milliseconds(60'000));
    for (const auto& rule : spec.rules) group.rules.push_back({.spec = rule});
  }
  rules::RuleState& down = groups[0].rules[1];
  down.alert_state = rules::AlertState::kFiring;
  down.evaluated_at = kNow;
  down.duration = std::chrono::milliseconds(2);
  down.alerts.push_back({.state = rules::AlertState::kFiring,
                         .labels = Labels::Of({{"alertname", "Down"}}).value(),
                         .annotations = {{"s", "0"}},
                         .value = 12.5,
                         .active_at = kNow - 500});
  groups[1].rules[0].evaluated_at = kNow;
  groups[1].rules[0].error = "no";
  return groups;
}

class RulesApiTest : public testing::Test {
 protected:
  RulesApiTest() {
    net::Router router;
    api_.AddRoutes(router);
    server_ = net::HttpServer::Start(loop_, workers_, std::move(router), {}).value();
  }
  ~RulesApiTest() override { server_.reset(); }
  std::string Get(std::string_view target) {
    return net::TestHttpClient(server_->port()).Request("GET", target).body;
  }

  RulesApi api_{{.groups = Groups, .alertmanagers = [] {
                   return std::vector<std::string>{"http://a:9093/api/v2/alerts"};
                 }}};
  net::EventLoop loop_{1};
  net::WorkerPool workers_{1, 100};
  std::unique_ptr<net::HttpServer> server_;
};

constexpr std::string_view kAlert =
    R"({"labels":{"alertname":"Down"},"annotations":{"s":"0"},"state":"firing",)"
    R"("activeAt":"2023-11-14T22:13:19.5Z","value":"1.25e+01"})";

TEST_F(RulesApiTest, RulesInTheirGroups) {
  const std::string body = Get("/api/v1/rules");
  EXPECT_THAT(
      body,
      HasSubstr(R"json({"name":"one","file":"r.yml","rules":[{"name":"a","query":"sum(up)",)json"
                R"json("labels":{"x":"y"},"health":"unknown","evaluationTime":0,)json"
                R"json("lastEvaluation":"0001-01-01T00:00:00Z","type":"recording"},)json"));
  EXPECT_THAT(body, HasSubstr(R"({"state":"firing","name":"Down","query":"up == 0","duration":300,)"
                              R"("keepFiringFor":0,"labels":{"severity":"page"},)"
                              R"("annotations":{"s":"{{ $value }}"},"alerts":[)" +
                              std::string(kAlert) +
                              R"(],"health":"ok","evaluationTime":0.002,)"
                              R"("lastEvaluation":"2023-11-14T22:13:20Z","type":"alerting"}],)"
                              R"("interval":30,"limit":0,"evaluationTime":0,)"));
  EXPECT_THAT(body, HasSubstr(R"("health":"err","lastError":"no",)"));
  EXPECT_EQ(Get("/api/v1/alerts"),
            R"({"status":"success","data":{"alerts":[)" + std::string(kAlert) + "]}}");
  EXPECT_EQ(Get("/api/v1/alertmanagers"),
            R"({"status":"success","data":{"activeAlertmanagers":[)"
            R"({"url":"http://a:9093/api/v2/alerts"}],"droppedAlertmanagers":[]}})");
}

TEST_F(RulesApiTest, Filters) {
  EXPECT_THAT(Get("/api/v1/rules?type=record"), Not(HasSubstr("Down")));
  EXPECT_THAT(Get("/api/v1/rules?type=Alert"), Not(HasSubstr("\"b\"")));
  EXPECT_THAT(Get("/api/v1/rules?rule_name[]=b"), Not(HasSubstr("\"one\"")));
  EXPECT_THAT(Get("/api/v1/rules?rule_group[]=one"), Not(HasSubstr("\"two\"")));
  EXPECT_THAT(Get("/api/v1/rules?file[]=x"), HasSubstr("\"groups\":[]"));
  EXPECT_THAT(Get("/api/v1/rules?match[]=%7Bx%3D%22y%22%7D"), Not(HasSubstr("Down")));
  EXPECT_THAT(Get("/api/v1/rules?exclude_alerts=true"), HasSubstr("\"alerts\":null"));
  EXPECT_THAT(Get("/api/v1/rules?type=x"), HasSubstr(R"(not supported value \"x\")"));
  EXPECT_THAT(Get("/api/v1/rules?exclude_alerts=x"), HasSubstr("error converting"));
}

TEST_F(RulesApiTest, Pages) {
  const std::string first = Get("/api/v1/rules?group_limit=1");
  EXPECT_THAT(first, Not(HasSubstr("\"two\"")));
  const size_t at = first.find("\"groupNextToken\":\"");
  ASSERT_NE(at, std::string::npos);
  const std::string token = first.substr(at + 18, 16);
  const std::string second = Get("/api/v1/rules?group_limit=1&group_next_token=" + token);
  EXPECT_THAT(second, HasSubstr("\"two\""));
  EXPECT_THAT(second, Not(HasSubstr("groupNextToken")));
  EXPECT_THAT(Get("/api/v1/rules?group_limit=1&group_next_token=x"),
              HasSubstr("were rule groups changed?"));
  EXPECT_THAT(Get("/api/v1/rules?group_next_token=x"), HasSubstr("group_limit needs"));
  EXPECT_THAT(Get("/api/v1/rules?group_limit=0"), HasSubstr("greater than 0"));
}

}  // namespace
}  // namespace luma::prom
