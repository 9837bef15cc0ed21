// A route of the HTTP API that needs no more than its parameters.
#pragma once

#include <functional>
#include <string_view>
#include <utility>

#include "net/router.h"
#include "prom/api_request.h"
#include "prom/api_response.h"

namespace luma::prom {

// `answer` gives the response; an error of it stands for 400 bad_data. Runs on `workers`, or on the
// server's when that is null.
inline void AddApiRoute(net::Router& router, std::string_view verb, std::string_view pattern,
                        net::WorkerPool* workers,
                        std::function<Result<net::HttpResponse>(const ApiRequest&)> answer) {
  router.Add(
      verb, pattern, {.workers = workers},
      [answer = std::move(answer)](const net::HttpRequest& http, const net::Responder& responder) {
        const Result<ApiRequest> request = ApiRequest::From(http);
        Result<net::HttpResponse> response =
            request.ok() ? answer(*request) : Result<net::HttpResponse>(request.status());
        responder.Send(response.ok() ? *std::move(response) : BadData(response.status().message()));
      });
}

}  // namespace luma::prom
