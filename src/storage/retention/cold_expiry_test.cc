// Retention reaches what has moved to the cold tier.
#include <gmock/gmock.h>

#include "base/log.h"
#include "storage/maintenance.h"
#include "storage/testing/cold_fixture.h"

namespace luma::storage {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

class ColdExpiryTest : public ColdTest {
 protected:
  ColdExpiryTest() {
    SetLogLevel(LogLevel::kOff);
    engine_->maintenance().SetDefaultRetention(std::chrono::days(7));
  }
  ~ColdExpiryTest() override { SetLogLevel(LogLevel::kInfo); }

  uint64_t Expire() { return engine_->maintenance().Expire()->runs; }
};

TEST_F(ColdExpiryTest, DroppedRunsTakeTheirObjects) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kColdNow - 48 * kHourMillis, 60);
  const auto young = InsertAndFlush(table, kColdNow, 60);
  LUMA_ASSERT_OK(engine_->MoveCold());
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kCold, Tier::kWarm));
  EXPECT_EQ(Expire(), 0u);
  clock_.Advance(std::chrono::days(6));
  const std::vector<std::string> old_objects = Objects();
  EXPECT_EQ(Expire(), 1u);
  LUMA_ASSERT_OK(engine_->MoveCold());  // which also removes what nobody needs
  for (const std::string& key : Objects()) EXPECT_THAT(old_objects, Not(Contains(key)));
  EXPECT_EQ(MustRead(table), young);
  Reopen();
  EXPECT_EQ(MustRead(table), young);
}

TEST_F(ColdExpiryTest, RunsOfAStoreThatIsDownExpireOnceTheirTimesAreKnown) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kColdNow - 48 * kHourMillis, 60);
  LUMA_ASSERT_OK(engine_->MoveCold());
  clock_.Advance(std::chrono::days(8));
  Down();
  Expire();
  static_cast<void>(engine_->MoveCold().ok());  // cannot remove the objects yet
  Up();
  Expire();
  EXPECT_THAT(MustRead(table), IsEmpty());
  LUMA_ASSERT_OK(engine_->MoveCold());
  Reopen();
  EXPECT_THAT(MustRead(table), IsEmpty());
  EXPECT_THAT(Objects(), IsEmpty());
}

}  // namespace
}  // namespace luma::storage
