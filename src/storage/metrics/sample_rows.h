// Builds rows of luma.samples without touching them twice.
#pragma once

#include <utility>

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

}  // namespace luma::storage
