// Native histograms as bytes: docs/formats/histogram.md.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "model/float_histogram.h"

namespace luma {

// A histogram as it was sent. Times in milliseconds.
struct StoredHistogram {
  FloatHistogram histogram;
  bool is_integer = false;  // the sender counted in integers, which all fit a double
  int64_t age_ms = 0;       // from when counting started to the sample; 0: not known
};

// OK for what may be stored: a known schema, ascending finite bounds, indexes that have bounds, no
// negative or NaN count, and, when counted in integers, a count that fits the buckets. Errors:
// kInvalidArgument, for the sender.
Status CheckHistogram(const StoredHistogram& stored);

// Appends the bytes. The histogram passes CheckHistogram, or is a stale marker.
void AppendHistogram(const StoredHistogram& stored, std::string& out);

// Errors: kCorruption for bytes that the format does not allow. Allocates no more than
// DecodedHistogramBytesMax.
Result<StoredHistogram> DecodeHistogram(std::string_view bytes);

// No less than HistogramBytes of what `bytes` are decoded to, and what decoding needs besides.
size_t DecodedHistogramBytesMax(std::string_view bytes);

}  // namespace luma
