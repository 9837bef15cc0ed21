#include "promql/ranked_aggregation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/hash.h"
#include "promql/float_text.h"

namespace luma::promql {
namespace {

struct Candidate {
  size_t row;
  double value;
};

// NaN ranks last in both directions; rows decide between equals, so that the answer is the same
// every time.
bool IsHigher(const Candidate& a, const Candidate& b) {
  if (std::isnan(a.value) || std::isnan(b.value)) {
    return std::isnan(a.value) == std::isnan(b.value) ? a.row < b.row : std::isnan(b.value);
  }
  return a.value != b.value ? a.value > b.value : a.row < b.row;
}
bool IsLower(const Candidate& a, const Candidate& b) {
  if (std::isnan(a.value) || std::isnan(b.value)) return IsHigher(a, b);
  return a.value != b.value ? a.value < b.value : a.row < b.row;
}
bool IsEarlier(const Candidate& a, const Candidate& b) { return a.row < b.row; }

using Ranking = bool (*)(const Candidate&, const Candidate&);
Ranking RankingOf(AggregateOp op) {
  if (op == AggregateOp::kTopk) return IsHigher;
  return op == AggregateOp::kBottomk ? IsLower : IsEarlier;
}

Status CheckCounts(std::span<const double> counts) {
  for (const double count : counts) {
    if (std::isnan(count)) return Status::InvalidArgument("Parameter value is NaN");
    if (count <= -0x1p63) {
      return Status::InvalidArgument("Scalar value ", FloatText(count), " underflows int64");
    }
    if (count >= 0x1p63) {
      return Status::InvalidArgument("Scalar value ", FloatText(count), " overflows int64");
    }
  }
  return Status::Ok();
}

// Keeps the first `count` of the group by rank; gives their rows in that order.
void KeepFirst(VectorValue& vector, const RowGroup& group, size_t step, double count,
               Ranking ranking, std::vector<size_t>& order) {
  std::vector<Candidate> candidates;
  for (const size_t row : group.rows) {
    if (vector.Has(row, step)) candidates.push_back({row, vector.At(row, step)});
  }
  const size_t kept = count < 1 ? 0
                                : static_cast<size_t>(std::min(
                                      std::floor(count), static_cast<double>(candidates.size())));
  std::partial_sort(candidates.begin(), candidates.begin() + static_cast<ptrdiff_t>(kept),
                    candidates.end(), ranking);
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (i < kept) {
      order.push_back(candidates[i].row);
    } else {
      vector.Clear(candidates[i].row, step);
    }
  }
}

Result<VectorValue> KeepByRank(EvaluationContext& context, AggregateOp op,
                               std::span<const double> counts, std::span<const RowGroup> groups,
                               VectorValue vector) {
  LUMA_RETURN_IF_ERROR(CheckCounts(counts));
  std::vector<size_t> order;
  for (const RowGroup& group : groups) {
    LUMA_RETURN_IF_ERROR(context.CheckDeadline());
    for (size_t step = 0; step < vector.step_count(); ++step) {
      KeepFirst(vector, group, step, counts[step], RankingOf(op), order);
    }
  }
  if (vector.step_count() == 1) return vector.Reordered(order);
  vector.RemoveRowsIf([&](size_t row) { return vector.IsEmptyRow(row); });
  return vector;
}

// A point in [0, 1) that depends on the labels alone, so that a ratio picks the same series every
// time, and a ratio and its negative complement pick all series together.
double PointOf(const Labels& labels) {
  return static_cast<double>(Hash64(AsBytes(labels.canonical()))) / 0x1p64;
}

bool IsPicked(double ratio, double point) {
  return ratio >= 0 ? point < ratio : point >= 1.0 + ratio;
}

Result<VectorValue> KeepByRatio(EvaluationContext& context, std::span<const double> ratios,
                                VectorValue vector) {
  std::vector<double> capped;
  for (const double ratio : ratios) {
    if (std::isnan(ratio)) return Status::InvalidArgument("Ratio value is NaN");
    capped.push_back(std::clamp(ratio, -1.0, 1.0));
    if (capped.back() == ratio) continue;
    context.annotations().Warn("ratio value should be between -1 and 1, got " + FloatText(ratio) +
                               ", capping to " + FloatText(capped.back()));
  }
  for (size_t row = 0; row < vector.size(); ++row) {
    const double point = PointOf(vector.labels(row));
    ForEachPresent(vector, row, [&](size_t step) {
      if (!IsPicked(capped[step], point)) vector.Clear(row, step);
    });
  }
  vector.RemoveRowsIf([&](size_t row) { return vector.IsEmptyRow(row); });
  return vector;
}

}  // namespace

Result<VectorValue> SelectRanked(EvaluationContext& context, AggregateOp op,
                                 std::span<const double> parameters,
                                 std::span<const RowGroup> groups, VectorValue input) {
  if (op == AggregateOp::kLimitRatio) return KeepByRatio(context, parameters, std::move(input));
  return KeepByRank(context, op, parameters, groups, std::move(input));
}

}  // namespace luma::promql
