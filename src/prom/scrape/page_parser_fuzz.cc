// Pages of any format: whatever a target sends must end, and its labels must be readable again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "prom/scrape/page_parser.h"

namespace {

constexpr const char* kContentTypes[] = {"text/plain", "application/openmetrics-text",
                                         "application/vnd.google.protobuf"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view page(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto parser = luma::prom::MakePageParser(
      kContentTypes[data[0] % 3], page,
      {.native_histograms = (data[0] & 4) != 0, .classic_histograms = (data[0] & 8) != 0});
  std::vector<luma::LabelRef> labels;
  std::string stored;
  while ((*parser)->Next()) {
    if (!(*parser)->ReadLabels(labels)) continue;
    LUMA_CHECK(!labels.empty() && labels[0].name == luma::kMetricNameLabel);
    for (const auto& exemplar : (*parser)->exemplars()) {
      static_cast<void>(luma::Labels::Of(exemplar.labels));
    }
    if ((*parser)->sample().histogram == nullptr) continue;
    static_cast<void>(luma::prom::AppendWireHistogram(*(*parser)->sample().histogram, stored));
  }
  return 0;
}
