// Any text read as a configuration file gives a configuration or an error, and never a crash.
#include <cstddef>
#include <cstdint>

#include "server/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = luma::server::ParseConfig(text, "fuzz.toml");
  static_cast<void>(config.ok());
  return 0;
}
