// The values of one key column, made ready for comparing: the order of rows on disk.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/column.h"
#include "storage/table_snapshot.h"

namespace luma::storage {

// Ascending, nulls last. Numbers by value (NaN last), strings by unsigned bytes, intervals with
// months of 30 days.
// Threads: one at a time. Memory: 8 bytes per row, 16 for wide types, 24 for strings.
class OrderedColumn {
 public:
  // Adds the rows of a block behind those it has, all of one type. Keeps the block alive.
  void Add(ColumnBlock block);
  void Reserve(uint32_t rows) { high_.reserve(rows); }
  void Clear();

  // <0, 0, >0: row `a` of this column before, with or after row `b` of `other`, which has the same
  // type.
  int Compare(uint32_t a, const OrderedColumn& other, uint32_t b) const;

  // `order` holds every row, ascending; rows with equal values stay ascending.
  void Sort(std::vector<uint32_t>& order) const;

 private:
  // Ids and timestamps without nulls, as most keys are. False: it is another block.
  bool TryAddPlain(const ColumnBlock& block);
  template <typename T>
  void AddPlain(const ColumnSpan& column);
  void AddValue(PhysicalType type, const std::byte* value);
  bool IsNull(uint32_t row) const { return !nulls_.empty() && nulls_[row]; }

  std::vector<uint64_t> high_;
  std::vector<uint64_t> low_;     // of 16-byte values but strings
  std::vector<StringRef> texts_;  // of strings
  std::vector<bool> nulls_;       // empty: none
  std::vector<std::shared_ptr<const void>> owners_;
};

}  // namespace luma::storage
