// The quantile of a set of values, interpolated between neighbours as Prometheus does.
#pragma once

#include <span>
#include <vector>

#include "promql/annotations.h"

namespace luma::promql {

// NaN counts as smaller than every number. NaN for no values or a NaN `q`, -Inf below 0, +Inf above
// 1. Reorders `values`.
double Quantile(double q, std::vector<double>& values);

// Warns of every quantile outside 0 to 1, once each.
void WarnAboutQuantiles(std::span<const double> quantiles, Annotations& annotations);

}  // namespace luma::promql
