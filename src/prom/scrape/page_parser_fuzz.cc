// Pages of any format: whatever a target sends must end, its labels must be readable again, and
// histograms that classic ones are converted to can be stored.
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
  const luma::prom::PageFormatOptions options = {.native_histograms = (data[0] & 4) != 0,
                                                 .classic_histograms = (data[0] & 8) != 0,
                                                 .custom_buckets = (data[0] & 16) != 0};
  const auto parser = luma::prom::MakePageParser(kContentTypes[data[0] % 3], page, options);
  std::vector<luma::LabelRef> labels;
  std::string stored;
  while ((*parser)->Next()) {
    if (!(*parser)->ReadLabels(labels)) continue;
    LUMA_CHECK(!labels.empty() && labels[0].name == luma::kMetricNameLabel);
    for (const auto& exemplar : (*parser)->exemplars()) {
      static_cast<void>(luma::Labels::Of(exemplar.labels));
    }
    if ((*parser)->sample().histogram == nullptr) continue;
    const luma::Status status =
        luma::prom::AppendWireHistogram(*(*parser)->sample().histogram, stored);
    const bool is_converted = options.custom_buckets && !options.native_histograms;
    LUMA_CHECK(!is_converted || status.ok());
  }
  return 0;
}
