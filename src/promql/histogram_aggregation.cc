#include "promql/histogram_aggregation.h"

#include <utility>
#include <vector>

#include "promql/histogram_annotations.h"
#include "promql/histogram_sums.h"

namespace luma::promql {
namespace {

// What a group holds at one step.
struct GroupCells {
  std::vector<size_t> histograms;  // rows
  bool has_floats = false;
};

GroupCells CellsAt(const SplitVector& input, const RowGroup& group, size_t step) {
  GroupCells cells;
  for (const size_t row : group.rows) {
    const std::vector<HistogramPtr>& column = input.histograms[row];
    if (!column.empty() && column[step] != nullptr) cells.histograms.push_back(row);
    cells.has_floats = cells.has_floats || input.floats.Has(row, step);
  }
  return cells;
}

template <typename Aggregate>
void AggregateStep(const SplitVector& input, const std::vector<size_t>& rows, size_t step,
                   size_t out_row, VectorValue& out, Annotations& annotations) {
  Aggregate aggregate;
  for (const size_t row : rows) {
    if (aggregate.Add(*input.histograms[row][step], annotations)) continue;
    WarnAboutMixedSchemas(input.floats.labels(row).metric_name(), annotations);
    return out.Clear(out_row, step);
  }
  out.SetHistogram(out_row, step,
                   std::make_shared<const FloatHistogram>(aggregate.Take(annotations)));
}

}  // namespace

void AggregateHistograms(AggregateOp op, const SplitVector& input, const RowGroup& group,
                         size_t out_row, VectorValue& out, Annotations& annotations) {
  for (size_t step = 0; step < out.step_count(); ++step) {
    const GroupCells cells = CellsAt(input, group, step);
    if (cells.histograms.empty()) continue;
    if (cells.has_floats) {
      annotations.Warn("encountered a mix of histograms and floats for aggregation");
      out.Clear(out_row, step);
    } else if (op == AggregateOp::kSum) {
      AggregateStep<HistogramSum>(input, cells.histograms, step, out_row, out, annotations);
    } else {
      AggregateStep<HistogramMean>(input, cells.histograms, step, out_row, out, annotations);
    }
  }
}

void IgnoreHistograms(std::string_view aggregation, VectorValue& vector, Annotations& annotations) {
  if (vector.DropHistograms()) InformAboutIgnoredInAggregation(aggregation, annotations);
}

std::string_view IgnoringName(AggregateOp op) {
  switch (op) {
    case AggregateOp::kMin:
      return "min";
    case AggregateOp::kMax:
      return "max";
    case AggregateOp::kStddev:
      return "stddev";
    case AggregateOp::kStdvar:
      return "stdvar";
    case AggregateOp::kQuantile:
      return "quantile";
    case AggregateOp::kTopk:
      return "topk";
    case AggregateOp::kBottomk:
      return "bottomk";
    default:
      return "";
  }
}

}  // namespace luma::promql
