// A sample can be replaced whatever a flush is doing to the row it replaces.
#include <gmock/gmock.h>

#include <thread>

#include "base/failpoint.h"
#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::storage {
namespace {

class ReplaceDuringFlushTest : public testing::Test {
 protected:
  ReplaceDuringFlushTest() {
    // Two series, so that the flush has to sort: their newest samples come first.
    EXPECT_TRUE(Write("b", 1).ok());
    EXPECT_TRUE(Write("a", 1).ok());
    EXPECT_TRUE(
        WriteAndWait(*instance_.store, MakeBatch({{TestLabels("b"), {{kTestNow + 1, 1}}}})).ok());
  }
  ~ReplaceDuringFlushTest() override { EXPECT_TRUE(failpoint::Arm("").ok()); }

  Status Write(std::string_view instance, double value) {
    const auto batch = MakeBatch({{TestLabels(instance), {{kTestNow, value}}}});
    return WriteAndWait(*instance_.store, batch).status();
  }
  // Leaves rows frozen as they are while a flush writes the manifest: whether that worked is
  // unknown, and asking failed too.
  void FailFlushUndecided() {
    ASSERT_TRUE(failpoint::Arm("manifest.after_sync:1:error,manifest.before_create:1:error").ok());
    EXPECT_FALSE(instance_.engine->Flush().ok());
    ASSERT_TRUE(failpoint::Arm("").ok());
  }

  io::SimDisk disk_;
  ManualClock clock_{kTestNow};
  MetricsInstance instance_{disk_, clock_, {.conflict_wait_max = std::chrono::milliseconds(50)}};
};

TEST_F(ReplaceDuringFlushTest, AWriteThatHasToWaitTooLongIsToBeTriedAgain) {
  FailFlushUndecided();
  EXPECT_EQ(Write("b", 2).code(), StatusCode::kUnavailable);
  EXPECT_TRUE(instance_.engine->Flush().ok());
  EXPECT_TRUE(Write("b", 2).ok());
  const auto samples = instance_.StoredSamples();
  EXPECT_EQ(samples.at({TestLabels("b").ToString(), kTestNow}), std::bit_cast<uint64_t>(2.0));
  EXPECT_EQ(samples.size(), 3);
}

TEST_F(ReplaceDuringFlushTest, EveryReplacementBesideFlushesSucceeds) {
  // Patience without end: each flush of this thread lets go of the rows.
  MetricsInstance& instance = instance_;
  instance.store.reset();
  auto store = MetricsStore::Open(*instance.engine, {});
  ASSERT_TRUE(store.ok());
  instance.store = std::move(store).value();
  std::atomic<bool> stop = false;
  std::thread flusher([&] {
    while (!stop) EXPECT_TRUE(instance.engine->Flush().ok());
  });
  for (int i = 2; i < 200; ++i) {
    EXPECT_TRUE(Write("a", i).ok());
    EXPECT_TRUE(Write("b", i).ok());
  }
  stop = true;
  flusher.join();
  EXPECT_EQ(instance.StoredSamples().size(), 3);
}

}  // namespace
}  // namespace luma::storage
