// Rows of a block as stretches of neighbours: sorted blocks bring all samples of a series in a row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace luma::storage {

// The rows [begin, end), not empty, of one series.
struct RowStretch {
  uint32_t begin = 0;
  uint32_t end = 0;
};

// Iterates over the rows, ascending. A view: the stretches must outlive it.
class RowStretches {
 public:
  class Iterator {
   public:
    using value_type = uint32_t;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    Iterator(const RowStretch* stretch, uint32_t row) : stretch_(stretch), row_(row) {}

    uint32_t operator*() const { return row_; }
    Iterator& operator++() {
      if (++row_ == stretch_->end) row_ = (++stretch_)->begin;  // one more is behind the last
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator& other) const {
      return stretch_ == other.stretch_ && row_ == other.row_;
    }

   private:
    const RowStretch* stretch_ = nullptr;
    uint32_t row_ = 0;
  };

  RowStretches() = default;
  // `stretches` are followed by one more, {0, 0}.
  RowStretches(std::span<const RowStretch> stretches, size_t row_count)
      : stretches_(stretches), row_count_(row_count) {}

  std::span<const RowStretch> stretches() const { return stretches_; }
  size_t size() const { return row_count_; }  // rows
  bool empty() const { return row_count_ == 0; }
  Iterator begin() const {
    return empty() ? end() : Iterator(stretches_.data(), stretches_[0].begin);
  }
  Iterator end() const { return {stretches_.data() + stretches_.size(), 0}; }

 private:
  std::span<const RowStretch> stretches_;
  size_t row_count_ = 0;
};

}  // namespace luma::storage
