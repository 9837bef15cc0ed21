// What to answer to a write of which something was refused.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "model/metrics_source.h"
#include "net/http.h"

namespace luma::prom {

// Adds " <what>=<count> (<reason>)" to `text` unless `count` is 0.
void AppendRefused(std::string_view what, uint64_t count, std::string_view reason,
                   std::string& text);

// What can never be stored is answered 400, so that it is not sent again. A new series beyond a
// limit may be let in later: 429 with Retry-After. But a sender that repeats whatever is answered
// 429 would repeat it for as long as the limit holds, and send nothing else meanwhile. The rest of
// its request is stored, so once the very same request has come kTries times in a row, each within
// kWindow of the one before, it is answered 400 as well.
// Threads: any.
class RefusedRequests {
 public:
  static constexpr uint32_t kTries = 2;
  static constexpr std::chrono::seconds kWindow{60};

  // Of what says what is stored: the body, and the labels and such in path and query.
  static uint64_t KeyOf(const net::HttpRequest& request);

  net::HttpResponse Answer(const WriteSummary& stored, std::string text, uint64_t key,
                           std::chrono::steady_clock::time_point now =
                               std::chrono::steady_clock::now()) LUMA_EXCLUDES(mutex_);

 private:
  // Of two requests in one slot the later one is known; the other is then told 429 anew.
  static constexpr size_t kSlots = 1024;
  struct Slot {
    uint64_t key = 0;
    uint32_t count = 0;
    std::chrono::steady_clock::time_point last;
  };
  bool IsGivenUp(uint64_t key, std::chrono::steady_clock::time_point now) LUMA_EXCLUDES(mutex_);

  Mutex mutex_;
  std::array<Slot, kSlots> slots_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::prom
