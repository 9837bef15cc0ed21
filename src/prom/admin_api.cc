#include "prom/admin_api.h"

#include <utility>
#include <vector>

#include "prom/api_response.h"
#include "prom/json_fields.h"

namespace luma::prom {
namespace {

constexpr uint64_t kFormBytesMax = 10 << 20;

net::HttpResponse Done(const Status& status) {
  return status.ok() ? net::HttpResponse{.status = 204} : ErrorResponse(status);
}

}  // namespace

void AdminApi::AddRoutes(net::Router& router) {
  for (const std::string_view verb : {"POST", "PUT"}) {
    Add(router, verb, "/api/v1/admin/tsdb/delete_series", &AdminApi::DeleteSeries);
    Add(router, verb, "/api/v1/admin/tsdb/clean_tombstones", &AdminApi::CleanTombstones);
    Add(router, verb, "/api/v1/admin/tsdb/snapshot", &AdminApi::Snapshot);
  }
  Add(router, "POST", "/-/confirm-clock", &AdminApi::ConfirmClock);
}

void AdminApi::Add(net::Router& router, std::string_view verb, std::string_view pattern,
                   Method method) {
  router.Add(verb, pattern, {.body_bytes_max = kFormBytesMax, .workers = options_.workers},
             [this, method](const net::HttpRequest& http, const net::Responder& responder) {
               if (!options_.enabled) return responder.Send(Unavailable("admin APIs disabled"));
               const Result<ApiRequest> request = ApiRequest::From(http);
               responder.Send(request.ok() ? (this->*method)(*request)
                                           : BadData(request.status().message()));
             });
}

net::HttpResponse AdminApi::DeleteSeries(const ApiRequest& request) {
  const Result<std::vector<Matchers>> selectors = request.Selectors();
  if (!selectors.ok()) return BadData(selectors.status().message());
  if (selectors->empty()) return BadData("no match[] parameter provided");
  const Result<TimeRange> range = request.Range();
  if (!range.ok()) return BadData(range.status().message());
  return Done(admin_.DeleteSamples(*selectors, *range).status());
}

net::HttpResponse AdminApi::CleanTombstones(const ApiRequest&) {
  return Done(admin_.CleanTombstones());
}

net::HttpResponse AdminApi::Snapshot(const ApiRequest& request) {
  const std::string_view skip_head = request.Get("skip_head");
  if (!skip_head.empty() && !ParseGoBool(skip_head)) {
    return BadData("invalid parameter \"skip_head\": unable to parse boolean");
  }
  if (!options_.snapshot) return Unavailable("no snapshots here");
  const Result<std::string> name = options_.snapshot();
  if (!name.ok()) return ErrorResponse(name.status());
  JsonWriter json = StartSuccess();
  json.BeginObject();
  TextField("name", *name, json);
  json.EndObject();
  return FinishSuccess(std::move(json));
}

net::HttpResponse AdminApi::ConfirmClock(const ApiRequest&) {
  admin_.ConfirmClock();
  return Done(Status::Ok());
}

}  // namespace luma::prom
