#include "prom/cors.h"

#include <utility>

namespace luma::prom {

Cors::Cors(Matcher origins) : origins_(std::make_shared<const Matcher>(std::move(origins))) {}

Result<Cors> Cors::Create(const std::string& origins) {
  LUMA_ASSIGN_OR_RETURN(Matcher matcher, Matcher::Create("Origin", MatchOp::kRegex, origins));
  return Cors(std::move(matcher));
}

net::HttpHandler Cors::Wrap(net::HttpHandler handler) const {
  return [cors = *this, handler = std::move(handler)](net::HttpRequest request,
                                                      const net::Responder& responder) {
    std::string origin(request.Header("Origin"));
    handler(std::move(request),
            net::Responder([cors, responder, origin = std::move(origin)](net::HttpResponse answer) {
              cors.AddHeaders(origin, answer);
              responder.Send(std::move(answer));
            }));
  };
}

void Cors::AddRoutes(net::Router& router) {
  router.Add("OPTIONS", "/api/v1/{path...}", {.anonymous = true},
             [](const net::HttpRequest&, const net::Responder& responder) {
               responder.Send({.status = 204});
             });
}

void Cors::AddHeaders(std::string_view origin, net::HttpResponse& response) const {
  auto& headers = response.headers;
  headers.push_back({"Vary", "Origin"});
  if (origin.empty()) return;
  headers.push_back(
      {"Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Origin"});
  headers.push_back({"Access-Control-Allow-Methods", "GET, POST, OPTIONS"});
  headers.push_back({"Access-Control-Expose-Headers", "Date"});
  if (origins_->value() == ".*") {
    headers.push_back({"Access-Control-Allow-Origin", "*"});
  } else if (origins_->Matches(origin)) {
    headers.push_back({"Access-Control-Allow-Origin", std::string(origin)});
  }
}

}  // namespace luma::prom
