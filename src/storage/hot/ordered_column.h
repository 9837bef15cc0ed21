// The values of one key column, made ready for comparing: the order of rows on disk.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/column.h"
#include "storage/table_snapshot.h"

namespace luma::storage {

// Ascending, nulls last. Numbers by value (NaN last), strings by unsigned bytes, intervals with
// months of 30 days.
// Threads: one at a time. Memory: 8 bytes per row, 16 for wide types, 24 for strings; nearly none
// for 64-bit integers without nulls, which stay where they are.
class OrderedColumn {
 public:
  // Adds the rows of a block behind those it has, all of one type. Keeps the block alive. All
  // blocks but the last have a multiple of 64 rows.
  void Add(ColumnBlock block);
  void Clear();

  // <0, 0, >0: row `a` of this column before, with or after row `b` of `other`, which has the same
  // type.
  int Compare(uint32_t a, const OrderedColumn& other, uint32_t b) const;

  // `order` holds every row, ascending; rows with equal values stay ascending.
  void Sort(std::vector<uint32_t>& order) const;

  // Of numbers of up to 64 bits without nulls: words in the order of the values. Else, and of no
  // rows, nothing.
  struct Range {
    uint64_t min = 0;
    uint64_t max = 0;
  };
  std::optional<Range> WordRange() const;
  uint64_t Word(uint32_t row) const {
    return places_.empty() ? high_[row] : places_[row / 64][row % 64] ^ flipped_bit_;
  }

 private:
  // Ids and timestamps without nulls, as most keys are. False: it is another block.
  bool TryAddInPlace(const ColumnBlock& block);
  // For a block that cannot stay where it is after some that do.
  void CopyFromPlaces();
  void AddValue(PhysicalType type, const std::byte* value);
  bool IsNull(uint32_t row) const { return !nulls_.empty() && nulls_[row]; }
  uint32_t row_count() const {
    return places_.empty() ? static_cast<uint32_t>(high_.size()) : placed_rows_;
  }
  void RadixSort(Range range, std::vector<uint32_t>& order) const;
  void CountingSort(Range range, std::vector<uint32_t>& order) const;

  std::vector<const uint64_t*> places_;  // of 64 values each, if all rows are in place
  uint64_t flipped_bit_ = 0;             // of a value in its place, for the order
  uint32_t placed_rows_ = 0;
  std::vector<uint64_t> high_;
  std::vector<uint64_t> low_;     // of 16-byte values but strings
  std::vector<StringRef> texts_;  // of strings
  std::vector<bool> nulls_;       // empty: none
  std::vector<std::shared_ptr<const void>> owners_;
};

}  // namespace luma::storage
