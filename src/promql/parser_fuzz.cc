// Any text parses or is refused; what parses keeps within the depth limit and evaluates, or is
// refused, without a crash.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "model/testing/memory_metrics.h"
#include "promql/evaluator.h"
#include "promql/parser.h"

namespace {

// A few series of every shape that functions care about.
const luma::MemoryMetrics& Store() {
  static luma::MemoryMetrics& store = *[] {
    auto* const metrics = new luma::MemoryMetrics();
    metrics->Add({{"__name__", "m"}, {"a", "1"}}, {{0, 1}, {60'000, 2}, {120'000, 1}});
    metrics->Add({{"__name__", "m"}, {"a", "2"}}, {{0, 1}, {60'000, luma::kStaleNan}});
    metrics->Add({{"__name__", "m"}, {"le", "1"}}, {{0, 1e308}, {60'000, -1e308}});
    metrics->Add({{"__name__", "m"}, {"le", "+Inf"}}, {{0, 5}});
    return metrics;
  }();
  return store;
}

void Evaluate(const luma::promql::Expr& expr) {
  const luma::promql::Evaluator evaluator(Store());
  const luma::ReadLimits limits{.samples_max = 10'000};
  static_cast<void>(evaluator.Instant(expr, 60'000, limits).ok());
  if (!luma::promql::CheckRangeQueryType(expr).ok()) return;
  static_cast<void>(evaluator.Range(expr, 0, 180'000, 30'000, limits).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const luma::Result<luma::promql::ExprPtr> expr = luma::promql::Parse(text);
  if (expr.ok()) {
    LUMA_CHECK((*expr)->depth <= luma::promql::kTreeDepthMax);
    Evaluate(**expr);
  }
  static_cast<void>(luma::promql::ParseSelector(text).ok());
  return 0;
}
