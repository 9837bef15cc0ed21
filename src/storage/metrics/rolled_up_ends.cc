#include "storage/metrics/rolled_up_ends.h"

#include <algorithm>
#include <bit>

namespace luma::storage {

void RolledUpEnds::Add(const Rollup& rollup) {
  if (rollup.count < 2) return;
  ends_.push_back({rollup.first_ts, std::bit_cast<uint64_t>(rollup.first)});
  ends_.push_back({rollup.last_ts, std::bit_cast<uint64_t>(rollup.last)});
}

bool RolledUpEnds::HaveAgain(const Rollup& sample) {
  if (sample.count != 1 || ends_.empty()) return false;
  if (!is_sorted_) std::ranges::sort(ends_);
  is_sorted_ = true;
  return std::ranges::binary_search(ends_,
                                    End(sample.last_ts, std::bit_cast<uint64_t>(sample.last)));
}

}  // namespace luma::storage
