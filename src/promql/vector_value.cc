#include "promql/vector_value.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "promql/label_edit.h"
#include "promql/work_meter.h"

namespace luma::promql {
namespace {

Status MergeInto(VectorValue& vector, size_t target, size_t row) {
  bool overlap = false;
  ForEachPresent(vector, row, [&](size_t step) {
    overlap |= vector.Has(target, step);
    vector.CopyCell(target, step, vector, row);
  });
  if (!overlap) return Status::Ok();
  return Status::InvalidArgument("vector cannot contain metrics with the same labelset");
}

}  // namespace

void VectorValue::Reserve(size_t rows) {
  labels_.reserve(rows);
  drop_name_.reserve(rows);
  values_.reserve(rows * step_count_);
  present_.reserve(rows * words_per_row_);
}

size_t VectorValue::AddRow(Labels labels, bool drop_name) {
  labels_.push_back(std::move(labels));
  drop_name_.push_back(drop_name ? 1 : 0);
  values_.resize(values_.size() + step_count_);
  present_.resize(present_.size() + words_per_row_);
  if (!histograms_.empty()) histograms_.emplace_back();
  return labels_.size() - 1;
}

void VectorValue::SetHistogram(size_t row, size_t step, HistogramPtr histogram) {
  const bool is_shared = histogram.use_count() > 1;
  if (!HasRoom(row, is_shared ? 0 : HistogramBytes(*histogram))) return Clear(row, step);
  Set(row, step, histogram->sum);
  histograms_[row][step] = std::move(histogram);
}

bool VectorValue::HasRoom(size_t row, uint64_t bytes) {
  const bool is_first = !HasHistograms(row);
  if (is_first) bytes += step_count_ * sizeof(HistogramPtr);
  if (meter_ != nullptr && bytes > 0 && !meter_->Book(bytes)) return false;
  if (histograms_.empty()) {
    histograms_.reserve(labels_.capacity());
    histograms_.resize(size());
  }
  if (is_first) histograms_[row].resize(step_count_);
  return true;
}

void VectorValue::ClearHistogram(size_t row, size_t step) {
  if (!histograms_[row].empty()) histograms_[row][step] = nullptr;
}

HistogramColumns VectorValue::TakeHistograms() {
  for (size_t row = 0; row < histograms_.size(); ++row) {
    for (size_t step = 0; step < histograms_[row].size(); ++step) {
      HistogramPtr& histogram = histograms_[row][step];
      if (histogram == nullptr) continue;
      if (!Has(row, step)) histogram = nullptr;  // was cleared
      Clear(row, step);
    }
  }
  return std::exchange(histograms_, {});
}

bool VectorValue::DropHistograms() {
  const HistogramColumns columns = TakeHistograms();
  const auto is_there = [](const HistogramPtr& histogram) { return histogram != nullptr; };
  return std::ranges::any_of(columns, [&](const std::vector<HistogramPtr>& column) {
    return std::ranges::any_of(column, is_there);
  });
}

void VectorValue::CopyCell(size_t row, size_t step, const VectorValue& other, size_t other_row) {
  if (other.Histogram(other_row, step) != nullptr) {
    SetHistogram(row, step, other.SharedHistogram(other_row, step));
  } else {
    Set(row, step, other.At(other_row, step));
  }
}

void VectorValue::RemoveRowsIf(const std::function<bool(size_t)>& unwanted) {
  size_t kept = 0;
  for (size_t row = 0; row < size(); ++row) {
    if (unwanted(row)) continue;
    if (kept != row) MoveRow(row, kept);
    ++kept;
  }
  Truncate(kept);
}

void VectorValue::CopyCells(size_t row, const VectorValue& other, size_t other_row) {
  CopyFloats(row, other, other_row);
  if (other.HasHistograms(other_row)) {
    if (HasRoom(row, 0)) histograms_[row] = other.histograms_[other_row];
  } else if (HasHistograms(row)) {
    histograms_[row].clear();
  }
}

void VectorValue::CopyFloats(size_t row, const VectorValue& other, size_t other_row) {
  const auto at = [](auto& cells, size_t width, size_t i) {
    return cells.begin() + static_cast<ptrdiff_t>(width * i);
  };
  std::copy_n(at(other.values_, step_count_, other_row), step_count_,
              at(values_, step_count_, row));
  std::copy_n(at(other.present_, words_per_row_, other_row), words_per_row_,
              at(present_, words_per_row_, row));
}

VectorValue VectorValue::Reordered(std::span<const size_t> order) const {
  VectorValue result(step_count_, meter_);
  result.Reserve(order.size());
  for (const size_t row : order) {
    result.CopyCells(result.AddRow(labels_[row], drop_name(row)), *this, row);
  }
  return result;
}

void VectorValue::MoveRow(size_t from, size_t to) {
  labels_[to] = std::move(labels_[from]);
  drop_name_[to] = drop_name_[from];
  CopyFloats(to, *this, from);
  if (!histograms_.empty()) histograms_[to] = std::move(histograms_[from]);
}

void VectorValue::Truncate(size_t rows) {
  labels_.resize(rows);
  drop_name_.resize(rows);
  values_.resize(rows * step_count_);
  present_.resize(rows * words_per_row_);
  if (!histograms_.empty()) histograms_.resize(rows);
}

Presence AnyOf(const VectorValue& vector, std::span<const size_t> rows) {
  Presence any;
  for (const size_t row : rows) AddTo(any, vector.presence(row));
  return any;
}

Status MergeEqualLabels(VectorValue& vector) {
  std::unordered_map<std::string_view, size_t> first_row[2];  // with the name, without
  std::vector<bool> merged(vector.size());
  bool any = false;
  for (size_t row = 0; row < vector.size(); ++row) {
    const auto [at, is_new] =
        first_row[vector.drop_name(row) ? 1 : 0].try_emplace(vector.labels(row).canonical(), row);
    if (is_new) continue;
    LUMA_RETURN_IF_ERROR(MergeInto(vector, at->second, row));
    merged[row] = any = true;
  }
  if (any) vector.RemoveRowsIf([&](size_t row) { return merged[row]; });
  return Status::Ok();
}

Status DropNames(VectorValue& vector) {
  for (size_t row = 0; row < vector.size(); ++row) {
    if (!vector.drop_name(row)) continue;
    vector.mutable_labels(row) = WithoutMetadata(vector.labels(row));
    vector.set_drop_name(row, false);
  }
  return MergeEqualLabels(vector);
}

}  // namespace luma::promql
