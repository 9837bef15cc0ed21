#include "promql/count_values.h"

#include <bit>
#include <unordered_map>
#include <utility>

#include "model/utf8.h"
#include "promql/float_text.h"
#include "promql/histogram_text.h"
#include "promql/label_edit.h"
#include "promql/quoted_text.h"
#include "promql/row_groups.h"

namespace luma::promql {
namespace {

// Counts the values of one group; each value has a row of its own.
class ValueCounter {
 public:
  ValueCounter(EvaluationContext& context, std::string label, VectorValue& out)
      : context_(context), label_(std::move(label)), out_(out) {}

  Status Count(const VectorValue& input, const RowGroup& group) {
    rows_.clear();
    histogram_rows_.clear();
    Status status;
    for (const size_t row : group.rows) {
      ForEachPresent(input, row, [&](size_t step) {
        if (!status.ok()) return;
        const FloatHistogram* const histogram = input.Histogram(row, step);
        status = histogram == nullptr ? CountFloat(group, step, input.At(row, step))
                                      : CountHistogram(group, step, *histogram);
      });
    }
    return status;
  }

 private:
  Status CountFloat(const RowGroup& group, size_t step, double value) {
    const auto [at, is_new] = rows_.try_emplace(std::bit_cast<uint64_t>(value), out_.size());
    if (is_new) LUMA_RETURN_IF_ERROR(AddRow(group, FloatText(value)));
    CountCell(at->second, step);
    return Status::Ok();
  }
  Status CountHistogram(const RowGroup& group, size_t step, const FloatHistogram& histogram) {
    const std::string text = HistogramText(histogram);
    const auto [at, is_new] = histogram_rows_.try_emplace(text, out_.size());
    if (is_new) {
      LUMA_RETURN_IF_ERROR(context_.BookBytes(2 * text.size()));  // here and in the label
      LUMA_RETURN_IF_ERROR(AddRow(group, text));
    }
    CountCell(at->second, step);
    return Status::Ok();
  }
  Status AddRow(const RowGroup& group, const std::string& value) {
    LUMA_RETURN_IF_ERROR(context_.Book(1, out_.step_count()));
    LabelEdit edit(group.labels);
    edit.Set(label_, value);
    LUMA_ASSIGN_OR_RETURN(Labels labels, edit.Take());
    out_.AddRow(std::move(labels), group.drop_name);
    return Status::Ok();
  }
  void CountCell(size_t row, size_t step) {
    out_.Set(row, step, out_.Has(row, step) ? out_.At(row, step) + 1 : 1);
  }

  EvaluationContext& context_;
  const std::string label_;
  VectorValue& out_;
  std::unordered_map<uint64_t, size_t> rows_;               // by the bits of the value
  std::unordered_map<std::string, size_t> histogram_rows_;  // by their texts
};

// Groups whose labels the value has overwritten are one.
Status AddEqualLabels(VectorValue& vector) {
  std::unordered_map<std::string_view, size_t> first_row;
  std::vector<bool> added(vector.size());
  for (size_t row = 0; row < vector.size(); ++row) {
    const auto [at, is_new] = first_row.try_emplace(vector.labels(row).canonical(), row);
    if (is_new) continue;
    const size_t target = at->second;
    ForEachPresent(vector, row, [&](size_t step) {
      const double before = vector.Has(target, step) ? vector.At(target, step) : 0;
      vector.Set(target, step, before + vector.At(row, step));
    });
    added[row] = true;
  }
  vector.RemoveRowsIf([&](size_t row) { return added[row]; });
  return Status::Ok();
}

}  // namespace

Result<VectorValue> CountValues(NodeEvaluator& evaluator, const Aggregate& aggregate) {
  std::string label = NodeEvaluator::String(*aggregate.parameter);
  if (label.empty() || !IsValidUtf8(label)) {
    return Status::InvalidArgument("invalid label name ", QuotedText(label));
  }
  LUMA_ASSIGN_OR_RETURN(const VectorValue input, evaluator.Vector(*aggregate.expr));
  VectorValue out(input.step_count());
  ValueCounter counter(evaluator.context(), std::move(label), out);
  for (const RowGroup& group : GroupRows(aggregate, input)) {
    LUMA_RETURN_IF_ERROR(counter.Count(input, group));
  }
  LUMA_RETURN_IF_ERROR(AddEqualLabels(out));
  return out;
}

}  // namespace luma::promql
