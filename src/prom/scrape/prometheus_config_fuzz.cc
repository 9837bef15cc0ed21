// Any text is a configuration or an error; what is shown of one reads back.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "prom/scrape/prometheus_config.h"
#include "rules/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = luma::prom::ParsePrometheusConfig(text, "");
  if (config.ok()) LUMA_CHECK(luma::rules::ParseYaml(config->text).ok());
  static_cast<void>(luma::prom::ParseTargetGroups(text));
  return 0;
}
