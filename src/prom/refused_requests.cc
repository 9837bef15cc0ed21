#include "prom/refused_requests.h"

#include <fmt/format.h>

#include <utility>

#include "base/hash.h"
#include "prom/http_errors.h"

namespace luma::prom {

void AppendRefused(std::string_view what, uint64_t count, std::string_view reason,
                   std::string& text) {
  if (count > 0) text += fmt::format(" {}={} ({})", what, count, reason);
}

uint64_t RefusedRequests::KeyOf(const net::HttpRequest& request) {
  const uint64_t target = Hash64(AsBytes(request.query), Hash64(AsBytes(request.path)));
  return Hash64(AsBytes(request.body), target);
}

net::HttpResponse RefusedRequests::Answer(const WriteSummary& stored, std::string text,
                                          uint64_t key, std::chrono::steady_clock::time_point now) {
  if (stored.series_over_limit == 0 || IsGivenUp(key, now)) {
    return net::TextResponse(400, std::move(text));
  }
  return WriteErrorResponse(Status::TooManyRequests(text));
}

bool RefusedRequests::IsGivenUp(uint64_t key, std::chrono::steady_clock::time_point now) {
  MutexLock lock(mutex_);
  Slot& slot = slots_[key % kSlots];
  if (slot.key != key || now - slot.last > kWindow) slot = {.key = key, .count = 0, .last = now};
  slot.last = now;
  if (slot.count == kTries) return true;
  ++slot.count;
  return false;
}

}  // namespace luma::prom
