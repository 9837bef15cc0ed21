// What the background flush does of its own accord. Without its work these tests do not end.
#include <chrono>
#include <thread>

#include "storage/testing/engine_fixture.h"

namespace luma::storage {
namespace {

class FlushThreadTest : public EngineTest {
 protected:
  FlushThreadTest() {
    options_.background_flush = true;
    options_.flush_interval = std::chrono::hours(24 * 36'500);  // further than the clock gets
    options_.wal_segment_bytes = 16 << 20;
    Reopen();
  }

  // Rows of luma.series as MetricsStore writes them; the labels are any bytes here.
  void InsertSeries(uint64_t first, uint32_t count) {
    std::vector<uint64_t> ids(count);
    const std::vector<StringRef> metrics(count, StringRef("metric"));
    const std::string labels(200, 'x');
    const std::vector<StringRef> all_labels(count, StringRef(labels));
    for (uint32_t i = 0; i < count; ++i) ids[i] = first + i;
    const auto span = [count](PhysicalType type, const auto& values) {
      return ColumnSpan{.type = type,
                        .count = count,
                        .values = reinterpret_cast<const std::byte*>(values.data())};
    };
    auto transaction = engine_->Begin();
    LUMA_ASSERT_OK(transaction->Append(
        kSeriesTableId,
        std::array{span(PhysicalType::kUInt64, ids), span(PhysicalType::kBytes, metrics),
                   span(PhysicalType::kBytes, all_labels)}));
    LUMA_ASSERT_OK(transaction->Commit());
  }
  uint64_t SeriesRows() {
    const TableSnapshotPtr table = *engine_->Read(kSeriesTableId);
    uint64_t rows = 0;
    for (const auto& run : table->runs()) rows += run->row_count();
    return rows;
  }
};

TEST_F(FlushThreadTest, LabelsOfManyNewSeriesLeaveMemoryAlone) {
  const ObjectId table = CreateTable();
  Insert(table, {{1, "stays in memory"}});
  InsertSeries(1, 10);
  InsertSeries(11, 25'000);
  while (engine_->Stats().warm_rows == 0) std::this_thread::yield();
  EXPECT_EQ(engine_->Stats().warm_rows, 25'010);
  EXPECT_EQ(engine_->Stats().hot_rows, 1);
}

// The log has them still, as it has the rows of other tables.
TEST_F(FlushThreadTest, SeriesThatWereFlushedAloneAreThereOnceAfterARestart) {
  const ObjectId table = CreateTable();
  InsertSeries(1, 25'000);
  while (engine_->Stats().warm_rows == 0) std::this_thread::yield();
  Insert(table, {{1, "after the flush"}});
  InsertSeries(25'001, 10);
  Reopen();
  EXPECT_EQ(SeriesRows(), 25'010);
  EXPECT_EQ(engine_->Stats().hot_rows, 11);
  LUMA_ASSERT_OK(engine_->Flush());
  Reopen();
  EXPECT_EQ(SeriesRows(), 25'010);
  EXPECT_EQ(Rows(table).size(), 1);
}

}  // namespace
}  // namespace luma::storage
