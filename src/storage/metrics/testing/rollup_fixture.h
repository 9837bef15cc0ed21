// What downsampling should make of samples, and what it has made, for tests.
#pragma once

#include <bit>
#include <cmath>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "storage/metrics/rollup_scan.h"
#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::storage {

using TestSamples = std::map<std::string, std::map<UnixMillis, double>>;  // by instance
// By instance, end of the bucket and resolution.
using RollupMap = std::map<std::tuple<std::string, UnixMillis, int64_t>, Rollup>;

// Every field, doubles as bits; NaNs are all the same.
inline std::string RollupText(const Rollup& r) {
  std::string text;
  for (const auto number : {static_cast<int64_t>(r.count), r.first_ts, r.last_ts, r.stale_ts,
                            static_cast<int64_t>(r.changes), static_cast<int64_t>(r.resets)}) {
    text += std::to_string(number) + " ";
  }
  for (const double value : {r.sum, r.min, r.max, r.first, r.last, r.reset_sum}) {
    text += (std::isnan(value) ? "nan" : std::to_string(std::bit_cast<uint64_t>(value))) + " ";
  }
  return text;
}
inline std::map<std::tuple<std::string, UnixMillis, int64_t>, std::string> Texts(
    const RollupMap& rollups) {
  std::map<std::tuple<std::string, UnixMillis, int64_t>, std::string> texts;
  for (const auto& [key, rollup] : rollups) texts[key] = RollupText(rollup);
  return texts;
}

// The rollups of the samples in (from, until].
inline void ExpectRollups(const TestSamples& samples, int64_t resolution_ms, UnixMillis from,
                          UnixMillis until, RollupMap& expected) {
  for (const auto& [instance, of_series] : samples) {
    std::map<UnixMillis, RollupFold> folds;
    for (const auto& [time, value] : of_series) {
      if (time <= from || time > until) continue;
      folds[BucketEnd(time, resolution_ms)].Add(Rollup::Of({time, value}));
    }
    for (const auto& [end, fold] : folds) expected[{instance, end, resolution_ms}] = fold.Total();
  }
}

// Fails the test when a bucket is there twice.
inline RollupMap StoredRollups(const MetricsInstance& instance) {
  const SeriesBitmap ids = instance.store->registry().SelectActive({});
  const SeriesFilter filter(ids);
  const TableSnapshotPtr table = *instance.engine->Read(kRollupsTableId);
  RollupScan scan;
  scan.table = table.get();
  scan.series = &filter;
  RollupMap rollups;
  const Status scanned = scan.Run([&](RowId, const RollupRow& row) {
    std::string labels;
    EXPECT_TRUE(instance.store->registry().AppendLabels(SeriesId{row.series}, labels));
    const std::string name(LabelsView(labels).Get("instance"));
    const auto key = std::tuple(name, row.ts, row.resolution_ms);
    EXPECT_TRUE(rollups.emplace(key, row.rollup).second) << "twice: " << name << " ts=" << row.ts;
    return Status::Ok();
  });
  EXPECT_TRUE(scanned.ok()) << scanned;
  EXPECT_EQ(table->VisibleRowCount(), rollups.size());  // a row without a series was filtered out
  return rollups;
}

}  // namespace luma::storage
