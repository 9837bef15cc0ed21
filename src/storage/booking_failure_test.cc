// Goal: wherever the memory budget refuses a booking, the caller gets an error or nothing happens,
// and what was acknowledged stays, in memory and after a restart.
// Method: a workload over tables and metrics in which booking n is refused, or all from n on, for
// n = 1, 2, ... until the workload makes fewer bookings than that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/metrics/testing/metrics_fixture.h"
#include "storage/storage_engine.h"
#include "storage/testing/test_rows.h"

namespace luma::storage {
namespace {

// A refusal that a client understands; kUnavailable and kConflict come of what was refused inside.
bool IsCleanRefusal(const Status& status) {
  return status.code() == StatusCode::kOutOfMemory || status.code() == StatusCode::kUnavailable ||
         status.code() == StatusCode::kConflict;
}

class Workload {
 public:
  Workload() { Open(); }

  MemoryBudget& budget() { return engine_->budget(); }
  int refusals() const { return refusals_; }

  void Run() {
    for (int i = 0; i < 4; ++i) {
      const int round = next_round_++;
      Insert(round);
      if (round > 0) Replace(round - 1);
      WriteSamples(round);
      Check(engine_->Flush());
      ReadAll();
    }
    Check(engine_->Compact({.inputs_min = 2, .largest_share_max = 1}));
    ReadAll();
  }

  void ExpectAcknowledged() {
    std::vector<TestRow> found = ReadRows(**engine_->Read(table_));
    std::ranges::sort(found);
    EXPECT_EQ(found, Sorted(rows_));
    uint64_t samples = 0;
    const auto all = metrics_->Select({}, {}, {});
    ASSERT_TRUE(all.ok()) << all.status();
    for (const SeriesSamples& series : *all) samples += series.timestamps.size();
    EXPECT_EQ(samples, samples_);
  }
  void Restart() {
    metrics_.reset();
    engine_.reset();
    Open();
  }

 private:
  static constexpr int kRows = 300;

  void Open() {
    EngineOptions options{.data_dir = "/data"};
    options.background_flush = false;
    options.wal_segment_bytes = 64 << 10;
    auto opened = StorageEngine::Open(options, disk_, clock_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    engine_ = *std::move(opened);
    auto metrics =
        MetricsStore::Open(*engine_, {.conflict_wait_max = std::chrono::milliseconds(1)});
    ASSERT_TRUE(metrics.ok()) << metrics.status();
    metrics_ = *std::move(metrics);
    if (table_ == ObjectId{}) CreateTable();
  }
  void CreateTable() {
    auto transaction = engine_->Begin();
    table_ = *transaction->CreateObject(TestTable({.sorted = true}));
    ASSERT_TRUE(transaction->Commit().ok());
  }

  bool Check(const Status& status) {
    if (status.ok()) return true;
    ++refusals_;
    EXPECT_TRUE(IsCleanRefusal(status)) << status;
    return false;
  }
  static std::vector<TestRow> Sorted(std::vector<TestRow> rows) {
    std::ranges::sort(rows);
    return rows;
  }

  static std::vector<TestRow> RowsOf(int round, char letter) {
    std::vector<TestRow> rows;
    for (int i = 0; i < kRows; ++i) {
      rows.push_back({round * kRows + i, std::string(40, letter)});
    }
    return rows;
  }
  void Insert(int round) {
    const std::vector<TestRow> rows = RowsOf(round, 'a');
    auto transaction = engine_->Begin();
    Status status = transaction->Append(table_, TestColumns(rows).spans());
    if (status.ok()) status = transaction->Commit();
    if (Check(status)) rows_.insert(rows_.end(), rows.begin(), rows.end());
  }
  // As an UPDATE: old rows out, new ones in.
  void Replace(int round) {
    auto transaction = engine_->Begin();
    std::vector<RowId> ids;
    for (const auto& [id, row] : ReadRowsById(**transaction->Read(table_))) {
      if (*row.key / kRows == round) ids.push_back(id);
    }
    if (ids.empty()) return;
    const std::vector<TestRow> rows = RowsOf(round, 'b');
    Status status = transaction->Delete(table_, ids).status();
    if (status.ok()) status = transaction->Append(table_, TestColumns(rows).spans());
    if (status.ok()) status = transaction->Commit();
    if (!Check(status)) return;
    std::erase_if(rows_, [&](const TestRow& row) { return *row.key / kRows == round; });
    rows_.insert(rows_.end(), rows.begin(), rows.end());
  }
  // New series, then newer samples of known ones.
  void WriteSamples(int round) {
    for (int time = 0; time < 2; ++time) {
      std::vector<TestSeries> series;
      for (int i = 0; i < 20; ++i) {
        series.push_back({TestLabels(std::to_string(round) + "." + std::to_string(i)),
                          {{kTestNow + time, 1.0 * i}}});
      }
      const auto written = WriteAndWait(*metrics_, MakeBatch(series));
      if (Check(written.status())) samples_ += written->samples_stored;
    }
  }
  void ReadAll() {
    Check(metrics_->Select({}, {}, {}).status());
    const auto table = engine_->Read(table_);
    for (const auto& run : (*table)->runs()) {
      for (uint32_t block = 0; block < run->block_count(); ++block) {
        Check(run->Read((*table)->schema().columns[1], block).status());
      }
    }
  }

  io::SimDisk disk_;
  ManualClock clock_{kTestNow};
  std::unique_ptr<StorageEngine> engine_;
  std::unique_ptr<MetricsStore> metrics_;
  ObjectId table_{};
  int next_round_ = 0;
  std::vector<TestRow> rows_;  // acknowledged
  uint64_t samples_ = 0;
  int refusals_ = 0;
};

class BookingFailureTest : public testing::TestWithParam<bool> {};

TEST_P(BookingFailureTest, ARefusedBookingNeverCostsWhatWasAcknowledged) {
  const bool forever = GetParam();
  int refused_workloads = 0;
  for (uint64_t first = 1, bookings = first; bookings >= first; ++first) {
    SCOPED_TRACE(testing::Message() << "refused booking " << first);
    Workload workload;
    workload.budget().RefuseBooking(first, forever);
    workload.Run();
    bookings = workload.budget().RefuseBooking(0);
    refused_workloads += workload.refusals() > 0 ? 1 : 0;
    workload.ExpectAcknowledged();
    workload.Restart();
    workload.ExpectAcknowledged();
    workload.Run();
    workload.ExpectAcknowledged();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(refused_workloads, 20);
}

INSTANTIATE_TEST_SUITE_P(OnceOrForever, BookingFailureTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "forever" : "once"; });

}  // namespace
}  // namespace luma::storage
