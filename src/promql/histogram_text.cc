#include "promql/histogram_text.h"

#include <charconv>
#include <cmath>

#include "promql/float_text.h"

namespace luma::promql {
namespace {

// The shortest digits, with an exponent below 0.0001 and from a million on, as Go's %g.
std::string ShortText(double value) {
  const double magnitude = std::fabs(value);
  const bool is_plain =
      !std::isfinite(value) || value == 0 || (magnitude >= 1e-4 && magnitude < 1e6);
  if (is_plain) return FloatText(value);
  char buffer[32];
  const auto [end, error] =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
  static_cast<void>(error);  // 25 characters at most
  return {buffer, end};
}

std::string RangeText(const HistogramRange& range) {
  return (range.includes_lower ? "[" : "(") + ShortText(range.lower) + "," +
         ShortText(range.upper) + (range.includes_upper ? "]:" : "):") + ShortText(range.count);
}

}  // namespace

std::string HistogramText(const FloatHistogram& histogram) {
  std::string text = "{count:" + ShortText(histogram.count) + ", sum:" + ShortText(histogram.sum);
  for (const HistogramRange& range : RangesOf(histogram)) text += ", " + RangeText(range);
  return text + "}";
}

}  // namespace luma::promql
