// Samples that were sent again after their bucket was rolled up: its row has the first and the last
// one, so these are known to be no other samples. See docs/adr/0008-downsampling.md.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "model/rollup.h"

namespace luma::storage {

// The first and last samples of rows of one series that stand for several. Thread-compatible.
class RolledUpEnds {
 public:
  void Add(const Rollup& rollup);
  // Whether `sample`, a rollup of one, is there already. No more rows are added after a call.
  bool HaveAgain(const Rollup& sample);

 private:
  using End = std::pair<UnixMillis, uint64_t>;  // and the bits of the value
  std::vector<End> ends_;
  bool is_sorted_ = false;
};

}  // namespace luma::storage
