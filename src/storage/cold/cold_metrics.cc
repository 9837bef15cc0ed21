#include "storage/cold/cold_metrics.h"

namespace luma::storage {

ColdMetrics& ColdMetrics::Get() {
  static ColdMetrics* const metrics = [] {
    MetricsRegistry& registry = MetricsRegistry::Default();
    return new ColdMetrics{
        .moved_runs =
            registry.AddCounter("luma_cold_moves_total", "Segment files moved to the cold tier."),
        .moved_rows = registry.AddCounter("luma_cold_moved_rows_total", "Their rows."),
        .moved_bytes = registry.AddCounter("luma_cold_moved_bytes_total",
                                           "Bytes of the objects that segment files became."),
        .uploaded_bytes = registry.AddCounter(
            "luma_cold_uploaded_bytes_total",
            "Bytes sent to the object store by moves, failed attempts included."),
        .failures = registry.AddCounter("luma_cold_failures_total",
                                        "Moves that were given up, to be tried later."),
        .read_bytes = registry.AddCounter("luma_cold_read_bytes_total",
                                          "Bytes of cold objects that were read."),
        .deleted_objects = registry.AddCounter("luma_cold_deleted_objects_total",
                                               "Objects deleted from the object store."),
        .table_manifests =
            registry.AddCounter("luma_cold_table_manifests_total",
                                "Lists of a table's cold files made for other engines."),
        .objects = registry.AddGauge("luma_cold_objects", "Objects with rows in the cold tier."),
        .bytes = registry.AddGauge("luma_cold_bytes", "Size of the objects with rows."),
    };
  }();
  return *metrics;
}

}  // namespace luma::storage
