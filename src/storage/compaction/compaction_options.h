// What background merges may take from ingestion and queries.
#pragma once

#include <cstdint>

namespace luma::storage {

struct CompactionOptions {
  bool enabled = true;
  uint64_t written_bytes_per_second = 32ull << 20;
  int niceness = 10;                        // of its thread: a tenth of a core that others want too
  uint64_t output_bytes_max = 1ull << 30;   // runs of this size are merged no more
  uint64_t memory_bytes_max = 64ull << 20;  // of the inputs' blocks
  uint64_t free_bytes_min = 256ull << 20;   // that the disk must have left after a merge
};

}  // namespace luma::storage
