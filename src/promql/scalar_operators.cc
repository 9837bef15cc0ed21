#include "promql/scalar_operators.h"

#include <limits>

#include "promql/scalar_arithmetic.h"

namespace luma::promql {

VectorValue ApplyScalar(const Binary& binary, VectorValue vector, const std::vector<double>& scalar,
                        ScalarSide side) {
  const bool filters = IsComparison(binary.op) && !binary.return_bool;
  for (size_t row = 0; row < vector.size(); ++row) {
    if (!filters) vector.set_drop_name(row, true);
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
