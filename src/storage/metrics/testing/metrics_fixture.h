// A metrics store on a simulated disk, for tests.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "io/sim_disk.h"
#include "storage/metrics/flat_column.h"
#include "storage/metrics/metrics_store.h"
#include "storage/metrics/sample_rows.h"
#include "storage/metrics/sample_scan.h"

namespace luma::storage {

inline constexpr UnixMillis kTestNow = 1'700'000'000'000;

inline Labels MakeLabels(std::vector<LabelRef> labels) {
  auto made = Labels::Of(std::move(labels));
  EXPECT_TRUE(made.ok()) << made.status();
  return *made;
}
// Series of the same metric with one label to tell them apart.
inline Labels TestLabels(std::string_view instance) {
  return MakeLabels({{"__name__", "m"}, {"instance", instance}});
}

struct TestSeries {
  Labels labels;
  std::vector<Sample> samples;
};

inline SeriesBatch MakeBatch(const std::vector<TestSeries>& all) {
  SeriesBatch batch;
  for (const TestSeries& series : all) {
    batch.StartSeries(series.labels);
    for (const Sample& sample : series.samples) batch.AddSample(sample);
  }
  return batch;
}

// Blocks until `done`.
inline Result<WriteSummary> WriteAndWait(MetricsSink& sink, const SeriesBatch& batch) {
  std::promise<Result<WriteSummary>> promise;
  sink.Write(batch,
             [&promise](Result<WriteSummary> result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

// Value bits by series and time. Fails the test when a sample is there twice.
using SampleMap = std::map<std::pair<std::string, UnixMillis>, uint64_t>;

class MetricsInstance {
 public:
  MetricsInstance(io::FileSystem& fs, const Clock& clock, MetricsOptions options = {},
                  uint64_t memory_limit_bytes = 1ull << 30) {
    EngineOptions engine_options{.data_dir = "/data"};
    engine_options.background_flush = false;
    engine_options.wal_segment_bytes = 64 << 10;
    engine_options.memory_limit_bytes = memory_limit_bytes;
    auto opened = MultiTierStorage::Open(engine_options, fs, clock);
    status = opened.status();
    if (!status.ok()) return;
    engine = std::move(opened).value();
    auto store_opened = MetricsStore::Open(*engine, options);
    status = store_opened.status();
    if (status.ok()) store = std::move(store_opened).value();
  }

  // What the two tables hold, read without the store.
  SampleMap StoredSamples() const {
    std::map<uint64_t, std::string> names;
    SampleMap samples;
    ReadSeries(names);
    SeriesBitmap ids;
    for (const auto& [id, name] : names) ids.add(static_cast<uint32_t>(id));
    const SeriesFilter filter(ids);
    const TableSnapshotPtr table = *engine->Read(kSamplesTableId);
    SampleScan scan;
    scan.table = table.get();
    scan.series = &filter;
    const Status status_of_scan = scan.Run([&](const SampleBlock& block) {
      for (const uint32_t row : block.rows) {
        const auto key = std::pair(names.at(block.series[row]), block.timestamps[row]);
        const bool is_new = samples.emplace(key, std::bit_cast<uint64_t>(block.values[row])).second;
        EXPECT_TRUE(is_new) << "twice: " << key.first << " ts=" << key.second;
      }
      return Status::Ok();
    });
    EXPECT_TRUE(status_of_scan.ok()) << status_of_scan;
    // Rows of series that are not in luma.series were filtered out: there must be none.
    EXPECT_EQ(table->VisibleRowCount(), samples.size());
    return samples;
  }

  Status status;
  std::unique_ptr<MultiTierStorage> engine;
  std::unique_ptr<MetricsStore> store;

 private:
  void ReadSeries(std::map<uint64_t, std::string>& names) const {
    const TableSnapshotPtr table = *engine->Read(kSeriesTableId);
    for (const auto& run : table->runs()) {
      for (uint32_t block = 0; block < run->block_count(); ++block) {
        FlatColumn<uint64_t> ids;
        FlatColumn<StringRef> labels;
        ASSERT_TRUE(ids.Read(*run, *table->schema().FindColumn(kSeriesIdColumn), block).ok());
        ASSERT_TRUE(labels.Read(*run, *table->schema().FindColumn(kLabelsColumn), block).ok());
        for (uint32_t row = 0; row < ids.size(); ++row) {
          if (run->IsDeleted(run->BlockStart(block) + row)) continue;
          const std::string name = LabelsView(labels.values()[row].view()).ToString();
          EXPECT_TRUE(names.emplace(ids.values()[row], name).second);
        }
      }
    }
  }
};

// A new series as a write leaves it between its commit and the entry in the registry. The store
// must get no new series afterwards: it would have the same id.
inline void CommitUnregistered(MetricsInstance& metrics, const TestSeries& series) {
  const SeriesId id{metrics.store->directory().ids_end()};
  const std::vector<SeriesId> ids = {id};
  const std::vector<StringRef> names = {StringRef(series.labels.metric_name())};
  const std::vector<StringRef> labels = {StringRef(series.labels.canonical())};
  const std::array columns = {ColumnOf(PhysicalType::kUInt64, ids),
                              ColumnOf(PhysicalType::kBytes, names),
                              ColumnOf(PhysicalType::kBytes, labels)};
  SampleRows rows(static_cast<uint32_t>(series.samples.size()));
  for (const Sample& sample : series.samples) rows.Add(id, sample.timestamp, sample.value);
  const std::unique_ptr<Transaction> transaction = metrics.engine->Begin();
  ASSERT_TRUE(transaction->Append(kSeriesTableId, columns).ok());
  ASSERT_TRUE(transaction->Append(kSamplesTableId, std::move(rows).Finish()).ok());
  ASSERT_TRUE(transaction->Commit().ok());
}

}  // namespace luma::storage
