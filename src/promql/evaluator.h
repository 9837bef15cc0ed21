// Evaluates PromQL over stored series: selectors with lookback and staleness, ranges, literals and
// arithmetic on scalars. Everything else is kUnsupported with the construct's name.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/status.h"
#include "model/metrics_source.h"
#include "promql/ast.h"

namespace luma::promql {

struct EvaluatorOptions {
  // A selector gives the latest sample in (t - lookback, t].
  std::chrono::milliseconds lookback{5 * 60 * 1000};
};

// One of the four kinds of values; the fields of the others are empty.
struct QueryValue {
  ValueType type = ValueType::kScalar;
  UnixMillis time = 0;  // of scalar and string
  double scalar = 0;
  std::string string;
  // Of kVector: one sample each, at the evaluation time. Of kMatrix: as stored or at the steps.
  // Ordered as MetricsSource::Select orders series.
  std::vector<SeriesSamples> series;
};

// Threads: every method from any thread; they block on storage. Lifetime: the source outlives it.
// Errors: kUnsupported, kInvalidArgument (a type that cannot be had, two series of one name), and
// those of MetricsSource.
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
