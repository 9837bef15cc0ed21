#include "promql/aggregation.h"

#include <cmath>
#include <limits>
#include <utility>

#include "model/compensated_sum.h"
#include "promql/count_values.h"
#include "promql/histogram_aggregation.h"
#include "promql/quantile.h"
#include "promql/ranked_aggregation.h"
#include "promql/row_groups.h"

namespace luma::promql {
namespace {

// What an aggregation remembers of one group at one step. Add is called at least once.
struct SumState {
  CompensatedSum sum;
  void Add(double value) { sum.Add(value); }
  double Result() const { return sum.total(); }
};

struct MeanState {
  CompensatedMean mean;
  void Add(double value) { mean.Add(value); }
  double Result() const { return mean.mean(); }
};

struct CountState {
  double count = 0;
  void Add(double) { ++count; }
  double Result() const { return count; }
};

struct GroupState {
  void Add(double) {}
  double Result() const { return 1; }
};

struct MinState {
  double least = std::numeric_limits<double>::quiet_NaN();
  void Add(double value) {
    if (value < least || std::isnan(least)) least = value;
  }
  double Result() const { return least; }
};

struct MaxState {
  double most = std::numeric_limits<double>::quiet_NaN();
  void Add(double value) {
    if (value > most || std::isnan(most)) most = value;
  }
  double Result() const { return most; }
};

// Welford's method.
struct VarianceState {
  double count = 0;
  double mean = 0;
  double squares = 0;
  void Add(double value) {
    ++count;
    if (count == 1) {
      mean = value;
      squares = std::isfinite(value) ? 0 : std::numeric_limits<double>::quiet_NaN();
      return;
    }
    const double delta = value - mean;
    mean += delta / count;
    squares += delta * (value - mean);
  }
  double Result() const { return squares / count; }
};

struct DeviationState : VarianceState {
  double Result() const { return std::sqrt(VarianceState::Result()); }
};

template <typename State>
void Accumulate(const VectorValue& input, const RowGroup& group, size_t out_row, VectorValue& out) {
  std::vector<State> states(input.step_count());
  for (const size_t row : group.rows) {
    ForEachPresent(input, row, [&](size_t step) { states[step].Add(input.At(row, step)); });
  }
  ForEachStep(AnyOf(input, group.rows),
              [&](size_t step) { out.Set(out_row, step, states[step].Result()); });
}

using Accumulator = void (*)(const VectorValue&, const RowGroup&, size_t, VectorValue&);

Accumulator AccumulatorOf(AggregateOp op) {
  switch (op) {
    case AggregateOp::kSum:
      return Accumulate<SumState>;
    case AggregateOp::kAvg:
      return Accumulate<MeanState>;
    case AggregateOp::kCount:
      return Accumulate<CountState>;
    case AggregateOp::kGroup:
      return Accumulate<GroupState>;
    case AggregateOp::kMin:
      return Accumulate<MinState>;
    case AggregateOp::kMax:
      return Accumulate<MaxState>;
    case AggregateOp::kStddev:
      return Accumulate<DeviationState>;
    case AggregateOp::kStdvar:
      return Accumulate<VarianceState>;
    default:
      return nullptr;
  }
}

void QuantileOfGroup(const VectorValue& input, const RowGroup& group, const ScalarColumn& q,
                     size_t out_row, VectorValue& out) {
  std::vector<double> values;
  ForEachStep(AnyOf(input, group.rows), [&](size_t step) {
    values.clear();
    for (const size_t row : group.rows) {
      if (input.Has(row, step)) values.push_back(input.At(row, step));
    }
    out.Set(out_row, step, Quantile(q[step], values));
  });
}

}  // namespace

Result<VectorValue> EvaluateAggregate(NodeEvaluator& evaluator, const Aggregate& aggregate) {
  EvaluationContext& context = evaluator.context();
  if (aggregate.op == AggregateOp::kCountValues) return CountValues(evaluator, aggregate);
  ScalarColumn parameter;
  if (aggregate.parameter != nullptr) {
    LUMA_ASSIGN_OR_RETURN(parameter, evaluator.Scalar(*aggregate.parameter));
  }
  LUMA_ASSIGN_OR_RETURN(VectorValue input, evaluator.Vector(*aggregate.expr));
  if (const std::string_view ignoring = IgnoringName(aggregate.op); !ignoring.empty()) {
    IgnoreHistograms(ignoring, input, context.annotations());
  }
  const std::vector<RowGroup> groups = GroupRows(aggregate, input);
  const Accumulator accumulator = AccumulatorOf(aggregate.op);
  if (accumulator == nullptr && aggregate.op != AggregateOp::kQuantile) {
    return SelectRanked(context, aggregate.op, parameter, groups, std::move(input));
  }
  if (accumulator == nullptr) WarnAboutQuantiles(parameter, context.annotations());
  LUMA_RETURN_IF_ERROR(context.Book(groups.size(), input.step_count()));
  const bool adds_up = aggregate.op == AggregateOp::kSum || aggregate.op == AggregateOp::kAvg;
  const HistogramColumns histograms = adds_up ? input.TakeHistograms() : HistogramColumns();
  VectorValue out(input.step_count(), &context.meter());
  out.Reserve(groups.size());
  for (const RowGroup& group : groups) {
    const size_t row = out.AddRow(group.labels, group.drop_name);
    if (accumulator != nullptr) {
      accumulator(input, group, row, out);
      if (!histograms.empty()) {
        AggregateHistograms(aggregate.op, {input, histograms}, group, row, out,
                            context.annotations());
      }
    } else {
      QuantileOfGroup(input, group, parameter, row, out);
    }
    if (row % 64 == 0) LUMA_RETURN_IF_ERROR(context.CheckDeadline());
  }
  return out;
}

}  // namespace luma::promql
