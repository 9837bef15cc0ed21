// Builds rows of luma.samples without touching them twice, and rows of the tables beside it.
#pragma once

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "model/labels.h"
#include "model/sample.h"
#include "storage/row_buffer.h"

namespace luma::storage {

class SampleRows {
 public:
  // Exactly `count` rows follow.
  explicit SampleRows(uint32_t count)
      : buffer_({PhysicalType::kUInt64, PhysicalType::kInt64, PhysicalType::kFloat64}),
        count_(count),
        series_(reinterpret_cast<uint64_t*>(buffer_.Grow(0, count))),
        timestamps_(reinterpret_cast<int64_t*>(buffer_.Grow(1, count))),
        values_(reinterpret_cast<double*>(buffer_.Grow(2, count))) {}

  void Add(SeriesId series, UnixMillis timestamp, double value) {
    LUMA_DCHECK(added_ < count_);
    series_[added_] = static_cast<uint64_t>(series);
    timestamps_[added_] = timestamp;
    values_[added_] = value;
    ++added_;
  }
  RowBuffer Finish() && {
    LUMA_CHECK(added_ == count_);
    buffer_.CommitRows(count_);
    return std::move(buffer_);
  }

 private:
  RowBuffer buffer_;
  const uint32_t count_;
  uint64_t* const series_;
  int64_t* const timestamps_;
  double* const values_;
  uint32_t added_ = 0;
};

// A column of a table whose rows are collected in vectors.
template <typename T>
ColumnSpan ColumnOf(PhysicalType type, const std::vector<T>& values) {
  return {.type = type,
          .count = static_cast<uint32_t>(values.size()),
          .values = reinterpret_cast<const std::byte*>(values.data())};
}

// Of luma.histograms.
class HistogramRows {
 public:
  // `bytes` must live until Finish.
  void Add(SeriesId series, UnixMillis timestamp, std::string_view bytes) {
    series_.push_back(static_cast<uint64_t>(series));
    timestamps_.push_back(timestamp);
    histograms_.emplace_back(bytes);
  }
  bool empty() const { return series_.empty(); }
  RowBuffer Finish() const {
    RowBuffer buffer({PhysicalType::kUInt64, PhysicalType::kInt64, PhysicalType::kBytes});
    const std::array columns = {ColumnOf(PhysicalType::kUInt64, series_),
                                ColumnOf(PhysicalType::kInt64, timestamps_),
                                ColumnOf(PhysicalType::kBytes, histograms_)};
    buffer.Append(columns);
    return buffer;
  }

 private:
  std::vector<uint64_t> series_;
  std::vector<int64_t> timestamps_;
  std::vector<StringRef> histograms_;
};

// Of luma.start_times.
class StartTimeRows {
 public:
  void Add(SeriesId series, UnixMillis timestamp, UnixMillis start) {
    series_.push_back(static_cast<uint64_t>(series));
    timestamps_.push_back(timestamp);
    starts_.push_back(start);
  }
  bool empty() const { return series_.empty(); }
  RowBuffer Finish() const {
    RowBuffer buffer({PhysicalType::kUInt64, PhysicalType::kInt64, PhysicalType::kInt64});
    const std::array columns = {ColumnOf(PhysicalType::kUInt64, series_),
                                ColumnOf(PhysicalType::kInt64, timestamps_),
                                ColumnOf(PhysicalType::kInt64, starts_)};
    buffer.Append(columns);
    return buffer;
  }

 private:
  std::vector<uint64_t> series_;
  std::vector<int64_t> timestamps_;
  std::vector<int64_t> starts_;
};

// Of luma.exemplars.
class ExemplarRows {
 public:
  // The labels must live until Finish.
  void Add(SeriesId series, UnixMillis timestamp, double value, LabelsView labels) {
    series_.push_back(static_cast<uint64_t>(series));
    timestamps_.push_back(timestamp);
    values_.push_back(value);
    labels_.emplace_back(labels.canonical());
  }
  bool empty() const { return series_.empty(); }
  RowBuffer Finish() const {
    RowBuffer buffer({PhysicalType::kUInt64, PhysicalType::kInt64, PhysicalType::kFloat64,
                      PhysicalType::kBytes});
    const std::array columns = {
        ColumnOf(PhysicalType::kUInt64, series_), ColumnOf(PhysicalType::kInt64, timestamps_),
        ColumnOf(PhysicalType::kFloat64, values_), ColumnOf(PhysicalType::kBytes, labels_)};
    buffer.Append(columns);
    return buffer;
  }

 private:
  std::vector<uint64_t> series_;
  std::vector<int64_t> timestamps_;
  std::vector<double> values_;
  std::vector<StringRef> labels_;
};

}  // namespace luma::storage
