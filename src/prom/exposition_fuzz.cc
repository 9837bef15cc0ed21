// Any page is read to its end or refused with a line number; labels make a series or are refused.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "prom/exposition_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  luma::prom::ExpositionParser parser({reinterpret_cast<const char*>(data), size});
  size_t sample_count = 0;
  while (parser.Next()) {
    std::string canonical;
    const luma::LabelsOutcome outcome = luma::AppendCanonical(parser.sample().labels, canonical);
    if (outcome == luma::LabelsOutcome::kOk) LUMA_CHECK(luma::CheckCanonical(canonical).ok());
    ++sample_count;
  }
  LUMA_CHECK(sample_count <= size);
  return 0;
}
