// What the HTTP API tells about rules, alerts and Alertmanagers.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "net/router.h"
#include "prom/api_request.h"
#include "rules/rule_group.h"

namespace luma::prom {

// Threads: both may be called from any thread.
struct RulesApiSources {
  std::function<std::vector<rules::RuleGroupState>()> groups;
  std::function<std::vector<std::string>()> alertmanagers;  // their URLs
};

//   GET /api/v1/rules   ?type=alert|record  ?rule_name[]=  ?rule_group[]=  ?file[]=  ?match[]=
//                       ?exclude_alerts=  ?group_limit=  ?group_next_token=
//   GET /api/v1/alerts
//   GET /api/v1/alertmanagers
class RulesApi {
 public:
  explicit RulesApi(RulesApiSources sources) : sources_(std::move(sources)) {}
  void AddRoutes(net::Router& router);

 private:
  using Answer = Result<net::HttpResponse>;
  Answer Rules(const ApiRequest& request) const;
  Answer Alerts() const;
  Answer Alertmanagers() const;

  const RulesApiSources sources_;
};

}  // namespace luma::prom
