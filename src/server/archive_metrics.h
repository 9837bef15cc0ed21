// Metrics of the archive of the log.
#pragma once

#include <vector>

#include "base/metrics.h"
#include "storage/backup/log_archive.h"

namespace luma::server {

// luma_wal_archive_*. They vanish with the result, which must go before the archive does.
std::vector<MetricsRegistry::Callback> RegisterArchiveMetrics(const storage::LogArchive& archive,
                                                              MetricsRegistry& registry);

}  // namespace luma::server
