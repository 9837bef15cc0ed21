#include "promql/histogram_operators.h"

#include <string>
#include <string_view>
#include <utility>

#include "promql/histogram_annotations.h"
#include "promql/native_histogram.h"
#include "promql/scalar_arithmetic.h"

namespace luma::promql {
namespace {

std::string_view KindOf(const Element& element) {
  return element.histogram == nullptr ? "float" : "histogram";
}

ElementResult Nothing(BinaryOp op, const Element& left, const Element& right,
                      Annotations& annotations) {
  const std::string_view text = BinaryOpText(op);
  std::string message("incompatible sample types encountered for binary operator \"");
  message.append(text).append("\": ").append(KindOf(left)).append(" ").append(text);
  message.append(" ").append(KindOf(right));
  annotations.Inform(message);
  return {};
}

ElementResult ValueOf(FloatHistogram histogram) {
  RemoveEmptyBuckets(histogram);
  return {.outcome = ElementOutcome::kValue,
          .result = {.histogram = std::make_shared<const FloatHistogram>(std::move(histogram))}};
}

ElementResult ValueOf(double value) {
  return {.outcome = ElementOutcome::kValue, .result = {.value = value}};
}

ElementResult Truth(bool holds) {
  return {.outcome = holds ? ElementOutcome::kTrue : ElementOutcome::kFalse, .result = {}};
}

ElementResult OfHistograms(BinaryOp op, const FloatHistogram& left, const FloatHistogram& right,
                           Annotations& annotations) {
  FloatHistogram result = left;
  const bool adds = op == BinaryOp::kAdd;
  const HistogramCombination outcome =
      adds ? AddHistogram(result, right) : SubtractHistogram(result, right);
  if (!outcome.compatible) {
    annotations.Warn("incompatible bucket layout encountered for binary operator " +
                     std::string(BinaryOpText(op)));
    return {};
  }
  const std::string_view operation = adds ? kHistogramAddition : kHistogramSubtraction;
  if (outcome.hints_collide) {
    WarnAboutCollidingHints(operation, annotations);
    return {};
  }
  if (outcome.bounds_reconciled) InformAboutReconciledBounds(operation, annotations);
  if (!adds) result.hint = ResetHint::kGauge;
  return ValueOf(std::move(result));
}

}  // namespace

ElementResult ApplyToElements(BinaryOp op, const Element& left, const Element& right,
                              Annotations& annotations) {
  if (left.histogram == nullptr && right.histogram == nullptr) {
    if (IsTrim(op)) return Nothing(op, left, right, annotations);
    const double value = ApplyBinary(op, left.value, right.value);
    return IsComparison(op) ? Truth(value != 0) : ValueOf(value);
  }
  if (left.histogram != nullptr && right.histogram != nullptr) {
    if (op == BinaryOp::kAdd || op == BinaryOp::kSubtract) {
      return OfHistograms(op, *left.histogram, *right.histogram, annotations);
    }
    const bool same = AreSameHistograms(*left.histogram, *right.histogram);
    if (op == BinaryOp::kEqual) return Truth(same);
    if (op == BinaryOp::kNotEqual) return Truth(!same);
    return Nothing(op, left, right, annotations);
  }
  FloatHistogram result = left.histogram != nullptr ? *left.histogram : *right.histogram;
  if (op == BinaryOp::kMultiply) {
    MultiplyHistogram(result, left.histogram != nullptr ? right.value : left.value);
    return ValueOf(std::move(result));
  }
  if (left.histogram == nullptr) return Nothing(op, left, right, annotations);
  if (op == BinaryOp::kDivide) {
    DivideHistogram(result, right.value);
    return ValueOf(std::move(result));
  }
  if (!IsTrim(op)) return Nothing(op, left, right, annotations);
  const TrimSide side = op == BinaryOp::kTrimUpper ? TrimSide::kUpper : TrimSide::kLower;
  return ValueOf(Trimmed(std::move(result), right.value, side));
}

HistogramPtr Negated(const FloatHistogram& histogram) {
  FloatHistogram negated = histogram;
  MultiplyHistogram(negated, -1);
  return std::make_shared<const FloatHistogram>(std::move(negated));
}

}  // namespace luma::promql
