// Evaluates PromQL over stored series. This is the door of the engine: it sets up a query, lets
// node_evaluator.h compute the tree and makes the answer.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/parallel_for.h"
#include "base/status.h"
#include "model/metrics_source.h"
#include "promql/ast.h"

namespace luma::promql {

struct EvaluatorOptions {
  // A selector gives the latest sample in (t - lookback, t].
  std::chrono::milliseconds lookback{5 * 60 * 1000};
  // Of subqueries that name no step: Prometheus' default evaluation interval.
  std::chrono::milliseconds subquery_step{60 * 1000};
  // rate(), irate(), increase() and resets() go by the start times of samples, as with Prometheus'
  // feature use-start-timestamps.
  bool use_start_timestamps = true;
  // Other threads that evaluate series of large queries.
  Helpers helpers = {};
};

// One of the four kinds of values; the fields of the others are empty.
struct QueryValue {
  ValueType type = ValueType::kScalar;
  UnixMillis time = 0;  // of scalar and string
  double scalar = 0;
  std::string string;
  // Of kVector: one sample each, at the evaluation time, in the order of the expression (sort() and
  // topk() make one). Of kMatrix: as stored or at the steps, ordered by CompareLabels.
  std::vector<SeriesSamples> series;
  // What the user should know: "PromQL warning: ...", "PromQL info: ...".
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
};

// Threads: every method from any thread; they block on storage. Lifetime: the source outlives it.
// Errors: kInvalidArgument (the query cannot be answered as it is: a matching that is not unique,
// two series with one label set, a type that cannot be had), kUnsupported (what it asks for is not
// stored), and those of MetricsSource.
class Evaluator {
 public:
  explicit Evaluator(const MetricsSource& source, EvaluatorOptions options = {})
      : source_(source), options_(options) {}

  Result<QueryValue> Instant(const Expr& expr, UnixMillis time, const ReadLimits& limits) const;
  // The value at start, start + step, ... up to end: always kMatrix. step > 0, start <= end. The
  // limits hold for the samples read and for the values given.
  Result<QueryValue> Range(const Expr& expr, UnixMillis start, UnixMillis end, int64_t step_ms,
                           const ReadLimits& limits) const;

 private:
  const MetricsSource& source_;
  const EvaluatorOptions options_;
};

// OK when the expression can be asked for over a range: kInvalidArgument otherwise.
Status CheckRangeQueryType(const Expr& expr);

}  // namespace luma::promql
