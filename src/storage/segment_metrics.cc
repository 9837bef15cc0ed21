#include "storage/segment_metrics.h"

namespace luma::storage {
namespace {

constexpr double kMergeSecondsBounds[] = {0.01, 0.1, 1, 10, 60, 300};

}  // namespace

SegmentMetrics& SegmentMetrics::Get() {
  static SegmentMetrics* const metrics = [] {
    MetricsRegistry& registry = MetricsRegistry::Default();
    return new SegmentMetrics{
        .flush_written_bytes = registry.AddCounter("luma_flush_written_bytes_total",
                                                   "Bytes of segment files that flushes wrote."),
        .merges = registry.AddCounter("luma_compaction_merges_total",
                                      "Merges of segment files that took effect."),
        .merge_failures = registry.AddCounter("luma_compaction_failures_total",
                                              "Merges that were given up, to be tried later."),
        .merge_read_bytes = registry.AddCounter("luma_compaction_read_bytes_total",
                                                "Bytes of segment files that merges read."),
        .merge_written_bytes = registry.AddCounter("luma_compaction_written_bytes_total",
                                                   "Bytes of segment files that merges wrote."),
        .merged_rows = registry.AddCounter("luma_compaction_rows_total", "Rows that merges wrote."),
        .merge_dropped_rows = registry.AddCounter("luma_compaction_dropped_rows_total",
                                                  "Deleted rows that merges left out."),
        .merge_seconds = registry.AddHistogram("luma_compaction_seconds", "How long merges took.",
                                               kMergeSecondsBounds),
    };
  }();
  return *metrics;
}

}  // namespace luma::storage
