#include "storage/metrics/careful_write.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::storage {
namespace {

// Goal: a write that looks for late samples outside of the gate finds that its series is gone.
// Method: a series comes and goes, with its page of records, while its samples are prepared.
TEST(CarefulWriteTest, ASeriesMayLeaveMemoryWhileItsSamplesAreCollected) {
  constexpr SeriesId kMoving{5};
  constexpr SeriesId kStaying{100};  // of another page
  const Labels moving = TestLabels("moving");
  const Labels staying = TestLabels("staying");
  const std::array<SeriesRegistry::Addition, 2> both = {{
      {.id = kMoving, .labels = moving, .hash = moving.Hash(), .newest = kTestNow},
      {.id = kStaying, .labels = staying, .hash = staying.Hash(), .newest = kTestNow},
  }};
  SeriesRegistry registry;
  ASSERT_TRUE(registry.Add({&both[1], 1}).ok());
  std::atomic<bool> is_done = false;
  std::thread mover([&] {
    SeriesBitmap ids;
    ids.add(static_cast<uint32_t>(kMoving));
    while (!is_done) {
      EXPECT_TRUE(registry.Add({&both[0], 1}).ok());
      std::this_thread::yield();
      registry.Remove(ids);
      std::this_thread::yield();
    }
  });
  SeriesBatch batch;
  batch.StartSeries(kMoving);
  batch.AddSample({kTestNow, 1});
  batch.StartSeries(kStaying);
  for (int i = 0; i < 1000; ++i) batch.AddSample({kTestNow - i, 1});
  ExemplarIndex exemplars(INT64_MIN);
  int found = 0;
  int lacking = 0;
  for (int i = 0; i < 10'000'000 && (i < 2'000 || found == 0 || lacking == 0); ++i) {
    CarefulWrite write(batch, registry, exemplars, SeriesRegistry::kNoSample);
    write.Prepare(SeriesRegistry::kSeriesMax, nullptr);
    ++(write.lacks_series() ? lacking : found);
    std::this_thread::yield();  // or the mover may not even begin
  }
  is_done = true;
  mover.join();
  EXPECT_GT(found, 0);
  EXPECT_GT(lacking, 0);
}

}  // namespace
}  // namespace luma::storage
