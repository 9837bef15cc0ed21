// Operators between elements of which at least one is a native histogram.
#pragma once

#include "model/float_histogram.h"
#include "promql/annotations.h"
#include "promql/ast.h"

namespace luma::promql {

// A float, or a histogram when there is one.
struct Element {
  double value = 0;
  HistogramPtr histogram = nullptr;
};

enum class ElementOutcome : uint8_t {
  kValue,    // `result` is the value
  kTrue,     // of a comparison
  kFalse,    // of a comparison
  kNothing,  // the two cannot be combined; the user was told
};
struct ElementResult {
  ElementOutcome outcome = ElementOutcome::kNothing;
  Element result;
};

ElementResult ApplyToElements(BinaryOp op, const Element& left, const Element& right,
                              Annotations& annotations);

// -h
HistogramPtr Negated(const FloatHistogram& histogram);

}  // namespace luma::promql
