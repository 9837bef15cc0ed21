// The value of an instant vector expression at all steps at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/status.h"
#include "model/float_histogram.h"
#include "model/labels.h"
#include "promql/presence.h"

namespace luma::promql {

class WorkMeter;

// For each row its histograms, one for each step and null where there is none; or nothing.
using HistogramColumns = std::vector<std::vector<HistogramPtr>>;

// A set of series, each with a row of values: one cell for each step, present or absent. A value is
// a float or a native histogram.
// Invariants: (1) every row has step_count cells; (2) the value of an absent cell means nothing;
// (3) histograms_ is empty or has an entry for each row, which is empty or has step_count cells.
// Rows keep the order in which they came, which is the order of an instant query's answer.
// Memory: its maker books rows (Bytes). Histograms are booked on the meter when they come, before
// they are kept: their columns, and each that nobody else shares. Once the meter has no more, cells
// that were to be histograms stay absent; the maker asks the meter before it gives the vector away.
// Thread-compatible.
class VectorValue {
 public:
  // Without a meter nothing is booked. Lifetime: the meter outlives the vector.
  explicit VectorValue(size_t step_count, WorkMeter* meter = nullptr)
      : step_count_(step_count), words_per_row_((step_count + 63) / 64), meter_(meter) {}

  size_t size() const { return labels_.size(); }  // rows
  size_t step_count() const { return step_count_; }
  void Reserve(size_t rows);
  // Where histograms that come from now on are booked.
  void set_meter(WorkMeter* meter) { meter_ = meter; }

  // Appends a row without a value; its number. `drop_name`: the metric name takes part in matching
  // and grouping, but is gone from the answer ("delayed name removal").
  size_t AddRow(Labels labels, bool drop_name);
  void RemoveLastRow() { Truncate(size() - 1); }
  void RemoveRowsIf(const std::function<bool(size_t row)>& unwanted);

  const Labels& labels(size_t row) const { return labels_[row]; }
  Labels& mutable_labels(size_t row) { return labels_[row]; }
  bool drop_name(size_t row) const { return drop_name_[row] != 0; }
  void set_drop_name(size_t row, bool drop) { drop_name_[row] = drop ? 1 : 0; }

  bool Has(size_t row, size_t step) const {
    return (present_[row * words_per_row_ + step / 64] >> (step % 64) & 1) != 0;
  }
  double At(size_t row, size_t step) const { return values_[row * step_count_ + step]; }
  void Set(size_t row, size_t step, double value) {
    if (!histograms_.empty()) ClearHistogram(row, step);
    values_[row * step_count_ + step] = value;
    present_[row * words_per_row_ + step / 64] |= uint64_t{1} << (step % 64);
  }

  // Whether some cell holds, or has held, a histogram.
  bool HasHistograms() const { return !histograms_.empty(); }
  bool HasHistograms(size_t row) const { return !histograms_.empty() && !histograms_[row].empty(); }
  // Null when the cell is a float; then At has it.
  const FloatHistogram* Histogram(size_t row, size_t step) const {
    return HasHistograms(row) ? histograms_[row][step].get() : nullptr;
  }
  HistogramPtr SharedHistogram(size_t row, size_t step) const {
    return HasHistograms(row) ? histograms_[row][step] : nullptr;
  }
  void SetHistogram(size_t row, size_t step, HistogramPtr histogram);
  // Takes the histograms out: their cells become absent.
  HistogramColumns TakeHistograms();
  // The same without keeping them; true when there were any.
  bool DropHistograms();
  void Clear(size_t row, size_t step) {
    present_[row * words_per_row_ + step / 64] &= ~(uint64_t{1} << (step % 64));
  }
  bool IsEmptyRow(size_t row) const { return IsEmpty(presence(row)); }
  size_t CountPresent() const { return CountSteps(present_); }
  PresenceView presence(size_t row) const {
    return PresenceView(present_).subspan(row * words_per_row_, words_per_row_);
  }
  // Takes one cell of `other`, a present one, of whatever kind.
  void CopyCell(size_t row, size_t step, const VectorValue& other, size_t other_row);
  // Takes the cells of `row` of `other`, which has as many steps.
  void CopyCells(size_t row, const VectorValue& other, size_t other_row);

  // The rows in another order; `order` has row numbers, each at most once.
  VectorValue Reordered(std::span<const size_t> order) const;

  // What a vector of so many rows and steps takes, without its labels.
  static uint64_t Bytes(size_t rows, size_t steps) {
    return rows * (steps * sizeof(double) + (steps + 63) / 64 * sizeof(uint64_t) + sizeof(Labels) +
                   sizeof(HistogramColumns::value_type));
  }

 private:
  void ClearHistogram(size_t row, size_t step);
  // Makes room for the histograms of a row; false when there is no memory for that and `bytes`.
  bool HasRoom(size_t row, uint64_t bytes);
  void CopyFloats(size_t row, const VectorValue& other, size_t other_row);
  void MoveRow(size_t from, size_t to);
  void Truncate(size_t rows);

  size_t step_count_;
  size_t words_per_row_;
  WorkMeter* meter_;
  std::vector<Labels> labels_;
  std::vector<uint8_t> drop_name_;
  std::vector<double> values_;
  std::vector<uint64_t> present_;
  HistogramColumns histograms_;
};

// Calls visit(step) for each step that has a value, in ascending order.
template <typename Visit>
void ForEachPresent(const VectorValue& vector, size_t row, Visit visit) {
  ForEachStep(vector.presence(row), visit);
}

// The steps at which any of the rows has a value.
Presence AnyOf(const VectorValue& vector, std::span<const size_t> rows);

// Joins rows with equal labels (and the same wish about their names) that never have values at the
// same step. Errors: kInvalidArgument "vector cannot contain metrics with the same labelset".
Status MergeEqualLabels(VectorValue& vector);

// Takes the names from the labels of the rows that asked for it, then MergeEqualLabels.
Status DropNames(VectorValue& vector);

}  // namespace luma::promql
