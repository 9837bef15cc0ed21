#include "net/router.h"

#include <span>

namespace luma::net {
namespace {

std::vector<std::string> SplitPath(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // the "/"
    const size_t end = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

// Asked before other requests, not for themselves: no reason to say that a path is there.
constexpr std::string_view kPreflight = "OPTIONS";

bool IsParameter(std::string_view segment) { return segment.starts_with('{'); }

bool TakesTheRest(std::string_view segment) { return segment.ends_with("...}"); }

bool Fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  const bool is_open = !pattern.empty() && TakesTheRest(pattern.back());
  if (is_open ? path.size() < pattern.size() : path.size() != pattern.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (IsParameter(pattern[i]) ? path[i].empty() : pattern[i] != path[i]) return false;
  }
  return true;
}

std::string Join(std::span<const std::string> segments) {
  std::string joined;
  for (const std::string& segment : segments) joined += '/' + segment;
  return joined.substr(1);
}

}  // namespace

void Router::Add(std::string_view method, std::string_view pattern, RouteOptions options,
                 HttpHandler handler) {
  if (wrap_) handler = wrap_(pattern, std::move(handler));
  routes_.push_back(
      {std::string(method), SplitPath(pattern), std::move(options), std::move(handler)});
}

Router::Match Router::Find(std::string_view method, std::string_view path) const {
  Match match;
  const std::vector<std::string> segments = SplitPath(path);
  for (const Route& route : routes_) {
    if (!Fits(route.segments, segments)) continue;
    if (route.method != method) {
      if (route.method == kPreflight) continue;
      match.allow += (match.allow.empty() ? "" : ", ") + route.method;
      continue;
    }
    match.route = &route;
    for (size_t i = 0; i < route.segments.size(); ++i) {
      const std::string_view name = route.segments[i];
      if (TakesTheRest(name)) {
        match.parameters.emplace_back(name.substr(1, name.size() - 5),
                                      Join(std::span(segments).subspan(i)));
      } else if (IsParameter(name)) {
        match.parameters.emplace_back(name.substr(1, name.size() - 2), segments[i]);
      }
    }
    return match;
  }
  return match;
}

}  // namespace luma::net
