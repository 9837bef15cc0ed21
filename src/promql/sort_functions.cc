#include "promql/sort_functions.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace luma::promql {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes the longest run of digits, or of other characters, from the front.
std::string_view TakeRun(std::string_view& text) {
  size_t end = 1;
  while (end < text.size() && IsDigit(text[end]) == IsDigit(text[0])) ++end;
  const std::string_view run = text.substr(0, end);
  text.remove_prefix(end);
  return run;
}

int CompareNumbers(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

// Rows of which neither goes before the other keep their order.
template <typename Before>
VectorValue SortRows(const VectorValue& vector, Before before) {
  std::vector<size_t> order(vector.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return before(a, b) || (!before(b, a) && a < b); });
  return vector.Reordered(order);
}

// NaN goes last in both directions.
Result<VectorValue> SortByValue(NodeEvaluator& evaluator, const Call& call) {
  LUMA_ASSIGN_OR_RETURN(VectorValue vector, evaluator.Vector(*call.arguments[0]));
  vector.DropHistograms();
  vector.RemoveRowsIf([&](size_t row) { return vector.IsEmptyRow(row); });
  if (vector.step_count() != 1) return vector;
  const bool descending = call.function->name == "sort_desc";
  return SortRows(vector, [&](size_t a, size_t b) {
    const double left = vector.At(a, 0);
    const double right = vector.At(b, 0);
    if (std::isnan(left) || std::isnan(right)) return !std::isnan(left) && std::isnan(right);
    return descending ? left > right : left < right;
  });
}

Result<VectorValue> SortByLabel(NodeEvaluator& evaluator, const Call& call) {
  LUMA_ASSIGN_OR_RETURN(VectorValue vector, evaluator.Vector(*call.arguments[0]));
  if (vector.step_count() != 1) return vector;
  std::vector<std::string> names;
  for (size_t i = 1; i < call.arguments.size(); ++i) {
    names.push_back(NodeEvaluator::String(*call.arguments[i]));
  }
  const bool descending = call.function->name == "sort_by_label_desc";
  return SortRows(vector, [&](size_t a, size_t b) {
    int order = 0;
    for (size_t i = 0; i < names.size() && order == 0; ++i) {
      order = CompareNaturally(vector.labels(a).Get(names[i]), vector.labels(b).Get(names[i]));
    }
    if (order == 0) order = CompareLabels(vector.labels(a), vector.labels(b));
    return descending ? order > 0 : order < 0;
  });
}

}  // namespace

VectorFunction FindSortFunction(std::string_view name) {
  if (name == "sort" || name == "sort_desc") return SortByValue;
  return name == "sort_by_label" || name == "sort_by_label_desc" ? SortByLabel : nullptr;
}

int CompareNaturally(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const std::string_view left = TakeRun(a);
    const std::string_view right = TakeRun(b);
    const bool numbers = IsDigit(left[0]) && IsDigit(right[0]);
    const int order = numbers ? CompareNumbers(left, right) : left.compare(right);
    if (order != 0) return order;
  }
  return static_cast<int>(!a.empty()) - static_cast<int>(!b.empty());
}

}  // namespace luma::promql
