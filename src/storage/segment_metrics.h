// What the process has written to segment files, for /metrics: write amplification is
// (flushed + merged bytes) / flushed bytes.
#pragma once

#include "base/metrics.h"

namespace luma::storage {

// Of all engines of the process. Threads: any.
struct SegmentMetrics {
  Counter& flush_written_bytes;
  Counter& merges;
  Counter& merge_failures;
  Counter& merge_read_bytes;
  Counter& merge_written_bytes;
  Counter& merged_rows;         // that merges wrote
  Counter& merge_dropped_rows;  // deleted ones that were left out
  Histogram& merge_seconds;

  static SegmentMetrics& Get();
};

}  // namespace luma::storage
