// Any body of POST /api/v1/read is answered or refused with a client error, never a 5xx.
#include <snappy.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "model/testing/memory_metrics.h"
#include "prom/remote_read.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* const metrics = [] {
    auto* made = new luma::MemoryMetrics;
    made->Add({{"__name__", "up"}, {"job", "a"}}, {{-1, 0.5}, {1, 0.5}, {70'000, -3}});
    return made;
  }();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const luma::prom::RemoteReadHandler handler(*metrics);
  const auto check = [&handler](std::string_view body) {
    const int status = handler.Handle(body).status;
    LUMA_CHECK(status == 200 || status == 400);
  };
  check(bytes);
  // The same bytes in snappy, which a mutator seldom gets right.
  std::string compressed;
  snappy::Compress(bytes.data(), bytes.size(), &compressed);
  check(compressed);
  return 0;
}
