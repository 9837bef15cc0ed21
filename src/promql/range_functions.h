// Functions of range vectors: rate() and the *_over_time() family.
#pragma once

#include <span>
#include <string_view>

#include "base/status.h"
#include "promql/node_evaluator.h"
#include "promql/vector_functions.h"

namespace luma::promql {

// What a function of ranges is given besides a series.
struct RangeCall {
  const RangeValue& range;
  const Steps& steps;
  std::span<const ScalarColumn> scalars;  // its scalar arguments
  Annotations& annotations;
};

// Writes the cells of one series into `row` of `out`.
using RangeKernel = void (*)(const RangeCall& call, const RangeSeries& series, size_t row,
                             VectorValue& out);

struct RangeFunction {
  std::string_view name;
  RangeKernel kernel;
  bool keeps_name = false;
  bool counts_any_kind = false;    // histograms are samples like others
  bool wants_start_times = false;  // of a selector's samples
};

// Writes the cells of a series with histograms after the kernel above has written those of its
// floats alone: where a window holds histograms the cell is set anew or cleared.
using HistogramKernel = void (*)(const RangeCall& call, const RangeSeries& series, size_t row,
                                 VectorValue& out, Annotations& annotations);

struct HistogramFunction {
  std::string_view name;
  HistogramKernel kernel;
};

// Null when `name` is no such function.
VectorFunction FindRangeFunction(std::string_view name);

// A kernel that computes every window for itself. A window that does not move, as with "@", is
// computed once.
template <double (*kOfWindow)(const Window&)>
void PerWindow(const RangeCall& call, const RangeSeries& series, size_t row, VectorValue& out) {
  const std::span<const UnixMillis> ends = call.range.ends;
  ForEachWindow(call.range, series, [&](size_t step, const Window& window) {
    const bool same = step > 0 && ends[step] == ends[step - 1] && out.Has(row, step - 1);
    out.Set(row, step, same ? out.At(row, step - 1) : kOfWindow(window));
  });
}

}  // namespace luma::promql
