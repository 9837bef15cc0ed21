// Aggregations of vectors that hold native histograms.
#pragma once

#include <string_view>

#include "promql/annotations.h"
#include "promql/ast.h"
#include "promql/row_groups.h"
#include "promql/vector_value.h"

namespace luma::promql {

// A vector whose histograms were taken out of it.
struct SplitVector {
  const VectorValue& floats;
  const HistogramColumns& histograms;
};

// For sum and avg, after the floats of the group have been aggregated into `out_row`: steps at
// which the group holds histograms get their sum or mean, or nothing when they do not fit each
// other or floats are among them.
void AggregateHistograms(AggregateOp op, const SplitVector& input, const RowGroup& group,
                         size_t out_row, VectorValue& out, Annotations& annotations);

// Takes the histograms from a vector whose aggregation ignores them, and says so.
void IgnoreHistograms(std::string_view aggregation, VectorValue& vector, Annotations& annotations);

// The name of an aggregation that ignores histograms; "" of one that does not.
std::string_view IgnoringName(AggregateOp op);

}  // namespace luma::promql
