// Goal: bytes that are no histogram are refused, and what is read is written back as it was.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "model/histogram_codec.h"
#include "model/sample.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const luma::Result<luma::StoredHistogram> stored = luma::DecodeHistogram(bytes);
  if (!stored.ok() || luma::IsStaleNan(stored->histogram.sum)) return 0;
  LUMA_CHECK(luma::HistogramBytes(stored->histogram) <= luma::DecodedHistogramBytesMax(bytes));
  std::string written;
  luma::AppendHistogram(*stored, written);
  const luma::Result<luma::StoredHistogram> again = luma::DecodeHistogram(written);
  LUMA_CHECK(again.ok());
  LUMA_CHECK(luma::AreSameHistograms(again->histogram, stored->histogram));
  LUMA_CHECK(again->age_ms == stored->age_ms && again->is_integer == stored->is_integer);
  return 0;
}
