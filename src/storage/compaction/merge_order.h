// From which input each row of a merged run came.
#pragma once

#include <cstdint>
#include <deque>
#include <span>

#include "base/status.h"
#include "storage/delete_bitmap.h"

namespace luma::storage {

// Rows of one input keep their order in a merge, so the sequence of inputs is enough to find where
// a row went. Kept as stretches of rows from one input: four bytes each, one per series and input
// for samples, at worst one per row. Threads: one at a time.
class MergeOrder {
 public:
  static constexpr size_t kInputsMax = 256;

  // The next `rows` rows of the merged run are the next ones of `input` that were not deleted.
  void Append(size_t input, uint32_t rows);
  uint64_t memory_bytes() const { return stretches_.size() * sizeof(uint32_t); }
  // A bound on what it takes after the next Append of less than 2^24 rows, in steps.
  uint64_t memory_bytes_next() const;

  // `merged`: what was left out of each input when it was merged, because it was deleted or had
  // expired; `now`: what is deleted now. Returns the positions in the merged run of the rows
  // deleted since; null when there are none.
  DeleteBitmapPtr Remap(std::span<const DeleteBitmapPtr> merged,
                        std::span<const DeleteBitmapPtr> now) const;

 private:
  // Input in the upper 8 bits, rows in the lower 24. Not a vector, whose growing would take three
  // times the memory for a moment.
  std::deque<uint32_t> stretches_;
};

}  // namespace luma::storage
