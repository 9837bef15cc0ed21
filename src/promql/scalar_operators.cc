#include "promql/scalar_operators.h"

#include <limits>
#include <utility>

#include "promql/histogram_operators.h"
#include "promql/scalar_arithmetic.h"

namespace luma::promql {

namespace {

// One cell, of whatever kind. Comparisons keep the element of the vector.
void ApplyToCell(const Binary& binary, double scalar, ScalarSide side, size_t row, size_t step,
                 VectorValue& vector, Annotations& annotations) {
  const Element number{.value = scalar};
  const Element element{.value = vector.At(row, step),
                        .histogram = vector.SharedHistogram(row, step)};
  const bool on_left = side == ScalarSide::kLeft;
  ElementResult found = ApplyToElements(binary.op, on_left ? number : element,
                                        on_left ? element : number, annotations);
  const bool is_true = found.outcome == ElementOutcome::kTrue;
  if (found.outcome == ElementOutcome::kValue) {
    if (found.result.histogram != nullptr) {
      vector.SetHistogram(row, step, std::move(found.result.histogram));
    } else {
      vector.Set(row, step, found.result.value);
    }
  } else if (found.outcome != ElementOutcome::kNothing && binary.return_bool) {
    vector.Set(row, step, is_true ? 1 : 0);
  } else if (!is_true) {
    vector.Clear(row, step);
  }
}

}  // namespace

VectorValue ApplyScalar(const Binary& binary, VectorValue vector, const std::vector<double>& scalar,
                        ScalarSide side, Annotations& annotations) {
  const bool filters = IsComparison(binary.op) && !binary.return_bool;
  for (size_t row = 0; row < vector.size(); ++row) {
    if (!filters && !IsTrim(binary.op)) vector.set_drop_name(row, true);
    if (vector.HasHistograms(row) || IsTrim(binary.op)) {
      ForEachPresent(vector, row, [&](size_t step) {
        ApplyToCell(binary, scalar[step], side, row, step, vector, annotations);
      });
      continue;
    }
    ForEachPresent(vector, row, [&](size_t step) {
      const double value = vector.At(row, step);
      const double result = side == ScalarSide::kLeft ? ApplyBinary(binary.op, scalar[step], value)
                                                      : ApplyBinary(binary.op, value, scalar[step]);
      if (!filters) {
        vector.Set(row, step, result);
      } else if (result == 0) {
        vector.Clear(row, step);
      }
    });
  }
  vector.RemoveRowsIf([&](size_t row) { return vector.IsEmptyRow(row); });
  return vector;
}

std::vector<double> SoleElements(const VectorValue& vector) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> values(vector.step_count(), kNan);
  std::vector<bool> seen(vector.step_count());
  for (size_t row = 0; row < vector.size(); ++row) {
    ForEachPresent(vector, row, [&](size_t step) {
      values[step] = seen[step] ? kNan : vector.At(row, step);
      seen[step] = true;
    });
  }
  return values;
}

}  // namespace luma::promql
