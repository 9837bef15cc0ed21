#include "storage/cold/store_breaker.h"

#include <gtest/gtest.h>

#include "base/log.h"

namespace luma::storage {
namespace {

class StoreBreakerTest : public ::testing::Test {
 protected:
  StoreBreakerTest() { SetLogLevel(LogLevel::kOff); }
  ~StoreBreakerTest() override { SetLogLevel(LogLevel::kInfo); }

  // A call that takes a while; false when it was refused.
  bool Call(std::chrono::milliseconds takes, StatusCode answer) {
    const auto call = breaker_.Begin();
    if (!call.ok()) return false;
    clock_.Advance(takes);
    breaker_.End(*call, answer);
    return true;
  }

  ManualClock clock_{0};
  StoreBreaker breaker_{clock_};
};

constexpr std::chrono::milliseconds kQuick{10};
constexpr std::chrono::milliseconds kLong = StoreBreaker::kSlow;

TEST_F(StoreBreakerTest, AfterALongWaitInVainCallersAreRefusedForAWhile) {
  EXPECT_TRUE(Call(kLong, StatusCode::kUnavailable));
  EXPECT_EQ(breaker_.Begin().status().code(), StatusCode::kUnavailable);
  clock_.Advance(StoreBreaker::kPause - kQuick);
  EXPECT_FALSE(breaker_.Begin().ok());
  clock_.Advance(kQuick);
  EXPECT_TRUE(Call(kQuick, StatusCode::kOk));
  EXPECT_TRUE(Call(kQuick, StatusCode::kOk)) << "closed";
}

TEST_F(StoreBreakerTest, OneCallerTriesAndTheOthersAreStillRefused) {
  EXPECT_TRUE(Call(kLong, StatusCode::kUnavailable));
  clock_.Advance(StoreBreaker::kPause);
  const auto trial = breaker_.Begin();
  ASSERT_TRUE(trial.ok());
  EXPECT_FALSE(breaker_.Begin().ok());
  breaker_.End(*trial, StatusCode::kUnavailable);
  EXPECT_FALSE(breaker_.Begin().ok()) << "even a quick failure of the trial leaves it open";
  clock_.Advance(StoreBreaker::kPause);
  EXPECT_TRUE(Call(kQuick, StatusCode::kNotFound)) << "an answer";
  EXPECT_TRUE(breaker_.Begin().ok());
}

TEST_F(StoreBreakerTest, QuickFailuresRefuseNobody) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Call(kQuick, StatusCode::kUnavailable));
  EXPECT_TRUE(breaker_.Begin().ok());
}

TEST_F(StoreBreakerTest, ATrialThatIsCancelledLeavesTheNextCallerToTry) {
  EXPECT_TRUE(Call(kLong, StatusCode::kUnavailable));
  clock_.Advance(StoreBreaker::kPause);
  EXPECT_TRUE(Call(kQuick, StatusCode::kCancelled));
  EXPECT_TRUE(Call(kQuick, StatusCode::kOk));
  EXPECT_TRUE(breaker_.Begin().ok());
}

}  // namespace
}  // namespace luma::storage
