// Goal: a number that an acknowledged commit used never comes again, whatever else that
// transaction did.
// Method: the process dies right after the commit was acknowledged, and power goes with it.
#include <future>

#include "storage/testing/engine_fixture.h"

namespace luma::storage {
namespace {

class SequenceDurabilityTest : public EngineTest {
 protected:
  SequenceDurabilityTest() {
    auto transaction = engine_->Begin();
    CatalogObject object;
    object.schema_id = kPublicSchemaId;
    object.kind = ObjectKind::kSequence;
    object.name = "s";
    const auto created = transaction->CreateObject(object);
    EXPECT_TRUE(created.ok()) << created.status();
    sequence_ = *created;
    EXPECT_TRUE(transaction->Commit().ok());
  }

  // The first number after a crash now.
  int64_t NextAfterPowerLoss() {
    io::SimDisk disk = disk_.Reboot();
    auto engine = MultiTierStorage::Open(options_, disk, clock_);
    EXPECT_TRUE(engine.ok()) << engine.status();
    return *(*engine)->Begin()->NextValue(sequence_);
  }

  ObjectId sequence_{};
};

TEST_F(SequenceDurabilityTest, ACommitOfNothingButANumberIsDurable) {
  auto transaction = engine_->Begin();
  const int64_t used = *transaction->NextValue(sequence_);
  LUMA_ASSERT_OK(transaction->Commit());
  EXPECT_GT(NextAfterPowerLoss(), used);
}

TEST_F(SequenceDurabilityTest, ThatHoldsForAsynchronousCommitsToo) {
  auto transaction = engine_->Begin();
  const int64_t used = *transaction->NextValue(sequence_);
  std::promise<Status> done;
  transaction->CommitAsync([&](const Status& status) { done.set_value(status); });
  LUMA_ASSERT_OK(done.get_future().get());
  EXPECT_GT(NextAfterPowerLoss(), used);
}

TEST_F(SequenceDurabilityTest, ANumberThatAnotherTransactionHasLoggedIsDurableToo) {
  auto open = engine_->Begin();
  LUMA_ASSERT_OK(open->NextValue(sequence_));  // logs the numbers ahead
  auto transaction = engine_->Begin();
  const int64_t used = *transaction->NextValue(sequence_);
  LUMA_ASSERT_OK(transaction->Commit());
  EXPECT_GT(NextAfterPowerLoss(), used);
}

TEST_F(SequenceDurabilityTest, ASetValueIsDurable) {
  auto transaction = engine_->Begin();
  LUMA_ASSERT_OK(transaction->SetValue(sequence_, 1000, true));
  LUMA_ASSERT_OK(transaction->Commit());
  EXPECT_EQ(NextAfterPowerLoss(), 1001);
}

}  // namespace
}  // namespace luma::storage
