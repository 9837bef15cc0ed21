// What lets pages of other origins in a browser use the HTTP API, as Prometheus does.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "model/matcher.h"
#include "net/http.h"
#include "net/router.h"

namespace luma::prom {

// Immutable; copies share the expression. Threads: any.
class Cors {
 public:
  // `origins` is a regular expression for whole origins: "https://(a|b)\.example". Of ".*" every
  // origin may, which is told without naming it. Errors: kInvalidArgument.
  static Result<Cors> Create(const std::string& origins);

  // The handler with the headers added to its answers.
  net::HttpHandler Wrap(net::HttpHandler handler) const;
  // OPTIONS of everything below /api/v1: 204 with these headers, and no password asked for, since
  // browsers send none with such a question.
  static void AddRoutes(net::Router& router);

 private:
  explicit Cors(Matcher origins);
  void AddHeaders(std::string_view origin, net::HttpResponse& response) const;

  std::shared_ptr<const Matcher> origins_;
};

}  // namespace luma::prom
