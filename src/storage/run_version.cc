#include "storage/run_version.h"

#include <algorithm>

namespace luma::storage {

uint32_t RunVersion::DeletedRows(uint32_t block, std::span<uint64_t> words) const {
  const uint32_t rows = BlockRows(block);
  if (deletes_ != nullptr) return deletes_->CopyRange(BlockStart(block), rows, words);
  std::fill_n(words.begin(), ValidityWords(rows), 0);
  return 0;
}

uint32_t FindBlock(const RunView& view, uint32_t position) {
  uint32_t first = 0;
  uint32_t last = view.block_count() - 1;
  while (first < last) {
    const uint32_t middle = first + (last - first + 1) / 2;
    if (view.BlockStart(middle) <= position) {
      first = middle;
    } else {
      last = middle - 1;
    }
  }
  return first;
}

}  // namespace luma::storage
