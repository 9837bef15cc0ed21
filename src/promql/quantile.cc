#include "promql/quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "promql/float_text.h"

namespace luma::promql {
namespace {

bool NanFirst(double a, double b) { return !std::isnan(b) && (std::isnan(a) || a < b); }

}  // namespace

double Quantile(double q, std::vector<double>& values) {
  if (values.empty() || std::isnan(q)) return std::numeric_limits<double>::quiet_NaN();
  if (q < 0) return -HUGE_VAL;
  if (q > 1) return HUGE_VAL;
  const double rank = q * static_cast<double>(values.size() - 1);
  const double weight = rank - std::floor(rank);
  const auto lower = values.begin() + static_cast<ptrdiff_t>(std::floor(rank));
  std::nth_element(values.begin(), lower, values.end(), NanFirst);
  const auto upper =
      lower + 1 == values.end() ? lower : std::min_element(lower + 1, values.end(), NanFirst);
  return *lower * (1 - weight) + *upper * weight;
}

void WarnAboutQuantiles(std::span<const double> quantiles, Annotations& annotations) {
  for (const double q : quantiles) {
    if (q >= 0 && q <= 1) continue;
    annotations.Warn("quantile value should be between 0 and 1, got " + FloatText(q));
  }
}

}  // namespace luma::promql
