// What the process has done with cold objects, for /metrics.
#pragma once

#include "base/metrics.h"

namespace luma::storage {

// Of all engines of the process. Threads: any.
struct ColdMetrics {
  Counter& moved_runs;
  Counter& moved_rows;
  Counter& moved_bytes;     // of the objects they became
  Counter& uploaded_bytes;  // of objects and sidecars, failed attempts included
  Counter& failures;        // moves that were given up, to be tried later
  Counter& read_bytes;      // by readers, from the object store or its cache
  Counter& deleted_objects;
  Counter& table_manifests;  // made for other engines
  Gauge& objects;            // with rows, after the last pass
  Gauge& bytes;              // of these

  static ColdMetrics& Get();
};

}  // namespace luma::storage
