#include "storage/metrics/series_records.h"

#include <gtest/gtest.h>

namespace luma::storage {
namespace {

constexpr const char* kPairs = "";

void AddSeries(SeriesRecords& records, uint32_t id) {
  SeriesRecord& record = records.Add(id);
  record.hash.low = id;
  record.pairs = kPairs;
}

TEST(SeriesRecordsTest, FindsTheSeriesThatAreThere) {
  SeriesRecords records;
  for (const uint32_t id : {1U, 63U, 64U, 1000U}) AddSeries(records, id);
  for (const uint32_t id : {1U, 63U, 64U, 1000U}) {
    ASSERT_NE(records.Find(id), nullptr);
    EXPECT_EQ(records.Find(id)->hash.low, id);
    EXPECT_EQ(&records[id], records.Find(id));
    EXPECT_EQ(records[id].newest, kNoSample);
  }
  for (const uint64_t id : {uint64_t{0}, uint64_t{2}, uint64_t{300}, uint64_t{1001}, UINT64_MAX}) {
    EXPECT_EQ(records.Find(id), nullptr);
  }
}

TEST(SeriesRecordsTest, RemovedSeriesAreNotFoundAndTheirIdsCanComeBack) {
  SeriesRecords records;
  for (uint32_t id = 1; id <= 200; ++id) AddSeries(records, id);
  for (uint32_t id = 1; id <= 200; ++id) {
    if (id % 70 != 0) records.Remove(id);
  }
  for (uint32_t id = 1; id <= 200; ++id) EXPECT_EQ(records.Find(id) != nullptr, id % 70 == 0);
  AddSeries(records, 3);
  EXPECT_EQ(records.Find(3)->hash.low, 3);
}

// Goal: series that come and go for ever take no memory of those that are gone.
// Method: a million series, of which never more than a thousand are there.
TEST(SeriesRecordsTest, IdsOfSeriesThatAreGoneTakeNearlyNoMemory) {
  constexpr uint32_t kIds = 1'000'000;
  constexpr uint32_t kThere = 1'000;
  SeriesRecords records;
  for (uint32_t id = 1; id <= kIds; ++id) {
    AddSeries(records, id);
    if (id > kThere) records.Remove(id - kThere);
  }
  EXPECT_LT(records.allocated_bytes(), (kThere + 128) * sizeof(SeriesRecord) + kIds / 4);
  EXPECT_GE(records.allocated_bytes(), kThere * sizeof(SeriesRecord));
}

}  // namespace
}  // namespace luma::storage
