// rate(), increase() and delta() over anchored and smoothed ranges, whose edges are samples beyond
// the range instead of extrapolations.
#pragma once

#include <cstddef>
#include <optional>

#include "promql/range_functions.h"

namespace luma::promql {

struct RateKind {
  bool is_counter = false;
  bool per_second = false;
};

// An anchored range starts with the last sample at or before its left edge; a smoothed one has
// values on the line between the samples around each edge.
void ExtendedRate(const RangeCall& call, const RangeSeries& series, RateKind kind, size_t row,
                  VectorValue& out);

// The number in the window of the sample a range starts with: 0 of a plain range; of an anchored
// one the last sample not after the left edge. None when nothing lies inside the range.
std::optional<size_t> AnchorOf(const RangeValue& range, const Window& window);

}  // namespace luma::promql
