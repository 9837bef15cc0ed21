// Functions of ranges whose samples were rolled up: a bucket counts in the window that its last
// sample lies in. See docs/adr/0008-downsampling.md.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "promql/range_functions.h"

namespace luma::promql {

// The value for a window whose samples, a bucket's each one, add up to `total`. None: it has too
// few of them.
using RollupFunction = std::optional<double> (*)(const Rollup& total, const Window& window,
                                                 int64_t length_ms);

// Null for functions that need the samples themselves: they see the last one of each bucket.
RollupFunction FindRollupFunction(std::string_view name);

// Writes the cells of one series of a plain range into `row` of `out`. Where buckets are whole they
// are those of the samples, up to the order of additions.
void CallRollupFunction(RollupFunction function, const RangeValue& range, const RangeSeries& series,
                        size_t row, VectorValue& out);

}  // namespace luma::promql
