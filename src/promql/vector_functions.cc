#include "promql/vector_functions.h"

#include "promql/absent_functions.h"
#include "promql/histogram_functions.h"
#include "promql/info_function.h"
#include "promql/label_functions.h"
#include "promql/math_functions.h"
#include "promql/range_functions.h"
#include "promql/sort_functions.h"
#include "promql/time_functions.h"

namespace luma::promql {
namespace {

// vector(): one series without labels.
Result<VectorValue> VectorOfScalar(NodeEvaluator& evaluator, const Call& call) {
  LUMA_ASSIGN_OR_RETURN(const ScalarColumn column, evaluator.Scalar(*call.arguments[0]));
  VectorValue out(column.size());
  const size_t row = out.AddRow(Labels(), false);
  for (size_t step = 0; step < column.size(); ++step) out.Set(row, step, column[step]);
  return out;
}

VectorFunction FindVectorOfScalar(std::string_view name) {
  return name == "vector" ? VectorOfScalar : nullptr;
}

EvaluationContext::HistogramUse UseOf(std::string_view name) {
  using enum EvaluationContext::HistogramUse;
  for (const std::string_view counts : {"histogram_avg", "histogram_count", "histogram_sum"}) {
    if (name == counts) return kCountsOnly;
  }
  for (const std::string_view all :
       {"histogram_fraction", "histogram_quantile", "histogram_quantiles"}) {
    if (name == all) return kBuckets;
  }
  return kAny;
}

}  // namespace

Result<VectorValue> CallVector(NodeEvaluator& evaluator, const Call& call) {
  const EvaluationContext::HistogramScope scope(evaluator.context(), UseOf(call.function->name));
  using Find = VectorFunction (*)(std::string_view);
  for (const Find find :
       std::initializer_list<Find>{FindRangeFunction, FindMathFunction, FindTimeFunction,
                                   FindLabelFunction, FindSortFunction, FindAbsentFunction,
                                   FindHistogramFunction, FindInfoFunction, FindVectorOfScalar}) {
    if (const VectorFunction function = find(call.function->name)) {
      return function(evaluator, call);
    }
  }
  return Status::Internal("function that is known to the parser alone: name=", call.function->name);
}

}  // namespace luma::promql
