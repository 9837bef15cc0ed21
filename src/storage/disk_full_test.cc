// Goal: a full disk refuses what needs room, at whatever step it is met, loses nothing and is over
// when there is room again.
// Method: a simulated disk whose capacity shrinks to what is used, and grows again.
#include "storage/testing/engine_fixture.h"

namespace luma::storage {
namespace {

class DiskFullTest : public EngineTest {
 protected:
  static constexpr uint64_t kCapacity = 1ull << 30;

  DiskFullTest() {
    disk_.SetCapacity(kCapacity);
    options_.wal_bytes_max = 64 << 10;
    Reopen();
    table_ = CreateTable({.sorted = true});
  }
  void FillDisk() {
    disk_.SetCapacity(kCapacity);
    disk_.SetCapacity(kCapacity - *disk_.FreeBytes("/data"));
  }
  void MakeRoom() { disk_.SetCapacity(kCapacity); }

  // Inserts one row; remembers it when that was acknowledged.
  Status InsertNext() {
    const TestRow row{static_cast<int64_t>(++attempts_), std::string(200, 'x')};
    auto transaction = engine_->Begin();
    LUMA_RETURN_IF_ERROR(Append(*transaction, table_, {row}));
    LUMA_RETURN_IF_ERROR(transaction->Commit());
    acknowledged_.push_back(row);
    return Status::Ok();
  }
  // At most so many that a log without a limit would be recognised.
  Status InsertUntilRefused() {
    for (int i = 0; i < 1000; ++i) LUMA_RETURN_IF_ERROR(InsertNext());
    return Status::Ok();
  }
  void ExpectEverythingAcknowledged() {
    auto rows = Rows(table_);
    std::ranges::sort(rows);
    EXPECT_EQ(rows, acknowledged_);
  }

  ObjectId table_{};
  uint64_t attempts_ = 0;
  std::vector<TestRow> acknowledged_;
};

TEST_F(DiskFullTest, ALogAtItsLimitRefusesCommitsUntilAFlush) {
  const Status status = InsertUntilRefused();
  EXPECT_EQ(status.code(), StatusCode::kDiskFull);
  EXPECT_TRUE(status.message().starts_with("log is at its limit until hot rows are flushed"));
  EXPECT_LE(engine_->Stats().wal_bytes, options_.wal_bytes_max);
  ExpectEverythingAcknowledged();
  LUMA_ASSERT_OK(engine_->Flush());
  LUMA_EXPECT_OK(InsertNext());
  Reopen();
  ExpectEverythingAcknowledged();
}

TEST_F(DiskFullTest, WhileNoFlushFindsRoomTheLogStaysBounded) {
  for (int i = 0; i < 100; ++i) LUMA_ASSERT_OK(InsertNext());
  FillDisk();
  EXPECT_EQ(engine_->Flush().code(), StatusCode::kDiskFull);
  EXPECT_EQ(InsertUntilRefused().code(), StatusCode::kDiskFull);
  EXPECT_LE(engine_->Stats().wal_bytes, options_.wal_bytes_max);
  EXPECT_EQ(engine_->Flush().code(), StatusCode::kDiskFull);
  ExpectEverythingAcknowledged();

  MakeRoom();
  LUMA_EXPECT_OK(InsertNext());
  LUMA_EXPECT_OK(engine_->Flush());
  ExpectEverythingAcknowledged();
  Reopen();
  ExpectEverythingAcknowledged();
}

TEST_F(DiskFullTest, AStoreOpensOnAFullDisk) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 50; ++i) LUMA_ASSERT_OK(InsertNext());
    FillDisk();
    Reopen();
    ExpectEverythingAcknowledged();
    EXPECT_EQ(InsertUntilRefused().code(), StatusCode::kDiskFull);
    Reopen();
    ExpectEverythingAcknowledged();
    MakeRoom();
    LUMA_EXPECT_OK(InsertNext());
    LUMA_EXPECT_OK(engine_->Flush());
    ExpectEverythingAcknowledged();
  }
}

// Power is lost after a start on a full disk and the first flush that found room again.
TEST_F(DiskFullTest, WhatIsFlushedAfterAStartOnAFullDiskIsThereAfterAPowerCut) {
  for (int i = 0; i < 50; ++i) LUMA_ASSERT_OK(InsertNext());
  FillDisk();
  Reopen();
  MakeRoom();
  LUMA_ASSERT_OK(engine_->Flush());
  LUMA_ASSERT_OK(InsertNext());
  io::SimDisk after = disk_.Reboot();
  engine_.reset();
  disk_ = std::move(after);
  Reopen();
  ExpectEverythingAcknowledged();
}

}  // namespace
}  // namespace luma::storage
