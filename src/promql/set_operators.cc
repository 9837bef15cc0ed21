#include "promql/set_operators.h"

#include <utility>

#include "promql/match_groups.h"

namespace luma::promql {
namespace {

void RemoveSteps(VectorValue& vector, size_t row, PresenceView steps) {
  ForEachStep(steps, [&](size_t step) { vector.Clear(row, step); });
}

void RemoveEmptyRows(VectorValue& vector) {
  vector.RemoveRowsIf([&](size_t row) { return vector.IsEmptyRow(row); });
}

// Right elements come in where their group has no element on the left.
Result<VectorValue> Or(const std::vector<MatchGroup>& groups, VectorValue left, VectorValue right) {
  for (const MatchGroup& group : groups) {
    const Presence taken = AnyOf(left, group.left);
    for (const size_t row : group.right) RemoveSteps(right, row, taken);
  }
  for (size_t row = 0; row < right.size(); ++row) {
    if (right.IsEmptyRow(row)) continue;
    const bool drop_name = right.drop_name(row);
    const size_t added = left.AddRow(std::move(right.mutable_labels(row)), drop_name);
    left.CopyCells(added, right, row);
  }
  LUMA_RETURN_IF_ERROR(MergeEqualLabels(left));
  return left;
}

}  // namespace

Result<VectorValue> ApplySetOperator(const Binary& binary, VectorValue left, VectorValue right) {
  const std::vector<MatchGroup> groups = GroupForMatching(binary.matching, left, right);
  if (binary.op == BinaryOp::kOr) return Or(groups, std::move(left), std::move(right));
  for (const MatchGroup& group : groups) {
    const Presence found = AnyOf(right, group.right);
    for (const size_t row : group.left) {
      const PresenceView present = left.presence(row);
      RemoveSteps(left, row,
                  binary.op == BinaryOp::kAnd ? Without(present, found) : Both(present, found));
    }
  }
  RemoveEmptyRows(left);
  return left;
}

}  // namespace luma::promql
