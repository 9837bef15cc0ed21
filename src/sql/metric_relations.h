// Metrics as SQL relations: views that this class makes up, over the tables luma.samples,
// luma.rollups, luma.exemplars and luma.series.
//
//   samples         ts TIMESTAMPTZ, metric, labels MAP(VARCHAR, VARCHAR), value DOUBLE, series_id
//   rollups         ts TIMESTAMPTZ (end of the bucket), metric, labels, resolution_ms, count, sum,
//   min,
//                   max, first, last, first_ts, last_ts, increase, changes, resets, series_id
//   exemplars       ts TIMESTAMPTZ, metric, labels, value, exemplar MAP (its own labels), trace_id,
//                   series_id
//   metrics.<name>  ts, value, and one VARCHAR column per label that a series of the metric has; a
//                   label that is called like another column, in any case, has label_<name>
//
// They are read-only. Filters on ts and on labels reach the scans below through the views: samples
// are pruned by the zone maps of ts and, by way of the join, of series_id.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "sql/luma_transaction.h"
#include "storage/catalog.h"

namespace luma::sql {

using LabelNames = std::set<std::string, std::less<>>;

// Knows the label names of each metric from reading luma.series, each row once: series are only
// ever added. Threads: any. Errors are thrown.
class MetricRelations {
 public:
  // The view that `name` stands for in `schema`; null when there is none.
  storage::CatalogObjectPtr Find(LumaTransaction& transaction, ObjectId schema,
                                 std::string_view name) LUMA_EXCLUDES(mutex_);
  // Every metrics.<name>.
  std::vector<storage::CatalogObjectPtr> List(LumaTransaction& transaction) LUMA_EXCLUDES(mutex_);

 private:
  struct Metric {
    LabelNames labels;
    storage::CatalogObjectPtr view;  // null: the labels have changed since
  };

  void ReadNewSeries(const storage::TableSnapshot& series) LUMA_REQUIRES(mutex_);
  void AddSeries(std::string_view canonical_labels) LUMA_REQUIRES(mutex_);
  storage::CatalogObjectPtr ViewOf(const std::string& name, Metric& metric) LUMA_REQUIRES(mutex_);

  Mutex mutex_;
  uint64_t last_series_ LUMA_GUARDED_BY(mutex_) = 0;
  std::map<std::string, Metric, std::less<>> metrics_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::sql
