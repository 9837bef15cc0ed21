#include "storage/retention/expiry_clock.h"

#include <gtest/gtest.h>

#include "base/log.h"

namespace luma::storage {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr UnixMillis kStart = 1'700'000'000'000;
constexpr UnixMillis kDay = 86'400'000;
constexpr UnixMillis kTenYears = 3'650 * kDay;

class ExpiryClockTest : public testing::Test {
 protected:
  void SetUp() override { SetLogLevel(LogLevel::kOff); }
  void TearDown() override { SetLogLevel(LogLevel::kInfo); }

  void Jump(milliseconds by) { wall_.JumpWallTimeTo(wall_.NowMillis() + by.count()); }

  ManualClock wall_{kStart};
  ExpiryClock clock_{wall_, std::nullopt};
};

TEST_F(ExpiryClockTest, FollowsAClockThatRuns) {
  for (int i = 0; i < 100; ++i) {
    wall_.Advance(hours(7));
    EXPECT_EQ(clock_.Now(), wall_.NowMillis());
  }
  EXPECT_EQ(clock_.Lag(), milliseconds(0));
}

TEST_F(ExpiryClockTest, FollowsDriftAndSmallSteps) {
  for (int i = 0; i < 10; ++i) {
    wall_.Advance(minutes(1));
    Jump(seconds(i % 2 == 0 ? 30 : -30));
    EXPECT_EQ(clock_.Now(), wall_.NowMillis());
  }
}

TEST_F(ExpiryClockTest, KeepsItsOwnSpeedWhenTheClockJumpsForward) {
  for (const milliseconds jump : {milliseconds(hours(1)), milliseconds(kTenYears)}) {
    ManualClock wall(kStart);
    ExpiryClock clock(wall, std::nullopt);
    wall.JumpWallTimeTo(kStart + jump.count());
    EXPECT_EQ(clock.Now(), kStart);
    wall.Advance(hours(5));
    EXPECT_EQ(clock.Now(), kStart + 5 * 3'600'000);
    EXPECT_EQ(clock.Lag(), jump);
    wall.JumpWallTimeTo(wall.NowMillis() - jump.count());
    EXPECT_EQ(clock.Now(), wall.NowMillis());
    EXPECT_EQ(clock.Lag(), milliseconds(0));
  }
}

TEST_F(ExpiryClockTest, FollowsBackAtOnceAndNotForwardAgain) {
  Jump(-hours(1));
  EXPECT_EQ(clock_.Now(), wall_.NowMillis());
  Jump(hours(1) + days(400));
  EXPECT_EQ(clock_.Now(), kStart - 3'600'000);
}

TEST_F(ExpiryClockTest, AFrozenClockStopsIt) {
  const UnixMillis frozen = wall_.NowMillis();
  for (int i = 0; i < 50; ++i) {
    wall_.Advance(hours(1));
    wall_.JumpWallTimeTo(frozen);
    EXPECT_EQ(clock_.Now(), frozen);
  }
  wall_.JumpWallTimeTo(frozen + 50 * 3'600'000);
  EXPECT_EQ(clock_.Now(), frozen);
}

TEST_F(ExpiryClockTest, BelievesAJumpThatStandsForADay) {
  Jump(days(5));
  for (int hour = 0; hour < 23; ++hour) {
    EXPECT_EQ(clock_.Lag(), days(5)) << hour;
    wall_.Advance(hours(1));
  }
  wall_.Advance(hours(1));
  EXPECT_EQ(clock_.Now(), wall_.NowMillis());
}

TEST_F(ExpiryClockTest, AJumpThatChangesStartsAnew) {
  Jump(days(5));
  clock_.Now();
  wall_.Advance(hours(23));
  Jump(hours(2));
  clock_.Now();
  wall_.Advance(hours(2));
  EXPECT_EQ(clock_.Lag(), days(5) + hours(2));
}

TEST_F(ExpiryClockTest, BelievesALargeJumpOnlyWhenConfirmed) {
  Jump(days(31));
  for (int day = 0; day < 40; ++day) {
    wall_.Advance(days(1));
    EXPECT_EQ(clock_.Lag(), days(31));
  }
  clock_.Confirm();
  EXPECT_EQ(clock_.Now(), wall_.NowMillis());
  wall_.Advance(hours(1));
  EXPECT_EQ(clock_.Now(), wall_.NowMillis());
}

TEST_F(ExpiryClockTest, AStartADayAfterWhatIsKnownIsAJump) {
  const auto start_after = [](milliseconds down) {
    const ManualClock wall(kStart + down.count());
    return ExpiryClock(wall, kStart).Now();
  };
  EXPECT_EQ(start_after(hours(23)), kStart + 23 * 3'600'000);
  EXPECT_EQ(start_after(days(9)), kStart);
  EXPECT_EQ(start_after(milliseconds(kTenYears)), kStart);
  EXPECT_EQ(start_after(-hours(1)), kStart - 3'600'000);
}

}  // namespace
}  // namespace luma::storage
