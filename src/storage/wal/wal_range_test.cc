#include "storage/wal/wal_range.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "io/sim_disk.h"
#include "storage/testing/test_rows.h"
#include "storage/wal/testing/log_session.h"

namespace luma::storage::testing {
namespace {

std::string PayloadOf(uint64_t number) { return "record " + std::to_string(number); }

class WalRangeTest : public ::testing::Test {
 protected:
  void Open(bool hold = false) {
    writer_.reset();
    auto end =
        ReplayWal(disk_, kLogDirectory, checkpoint_, [](Lsn, ByteSpan) { return Status::Ok(); });
    ASSERT_TRUE(end.ok()) << end.status();
    options_.hold = hold;
    auto writer = WalWriter::Open(disk_, kLogDirectory, *end, options_);
    ASSERT_TRUE(writer.ok()) << writer.status();
    writer_ = std::move(writer).value();
  }
  void Write(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string payload = PayloadOf(ToNumber(writer_->last_lsn()) + 1);
      LUMA_ASSERT_OK(writer_->Reserve(payload.size()));
      writer_->Append(AsBytes(payload));
    }
    LUMA_ASSERT_OK(writer_->Sync());
  }
  void Truncate(Lsn first_needed) {
    checkpoint_ = first_needed;
    LUMA_ASSERT_OK(writer_->Truncate(first_needed));
  }
  // How many of the records are there, each with its own payload.
  Result<uint64_t> Read(Lsn from, Lsn through) {
    uint64_t count = 0;
    LUMA_RETURN_IF_ERROR(
        ReadWalRange(disk_, kLogDirectory, from, through, [&](Lsn lsn, ByteSpan payload) {
          EXPECT_EQ(ToNumber(lsn), ToNumber(from) + count++);
          EXPECT_EQ(AsText(payload), PayloadOf(ToNumber(lsn)));
          return Status::Ok();
        }));
    return count;
  }

  // 0 after an error.
  uint64_t Count(Lsn from, Lsn through) {
    const auto count = Read(from, through);
    return count.ok() ? *count : 0;
  }

  WalOptions options_ = SmallFiles();
  io::SimDisk disk_;
  Lsn checkpoint_ = kFirstLsn;
  std::unique_ptr<WalWriter> writer_;
};

TEST_F(WalRangeTest, HandsOutAnyRangeOfManyFiles) {
  Open();
  Write(100);
  ASSERT_GT(writer_->extent().files, 4u);
  for (const uint64_t from : {1, 17, 60, 100}) {
    for (const uint64_t through : {uint64_t{100}, from}) {
      const auto count = Read(Lsn{from}, Lsn{through});
      ASSERT_TRUE(count.ok()) << count.status();
      EXPECT_EQ(*count, through - from + 1);
    }
  }
  EXPECT_EQ(Count(Lsn{5}, Lsn{4}), 0u);
}

TEST_F(WalRangeTest, ReadsWhileTheLogIsWritten) {
  Open();
  Write(1);
  std::atomic<bool> is_done{false};
  std::thread writes([&] {
    for (int i = 0; i < 50; ++i) Write(20);
    is_done = true;
  });
  while (!is_done) {
    const Lsn through = writer_->acknowledged_lsn();
    const auto count = Read(kFirstLsn, through);
    EXPECT_TRUE(count.ok()) << count.status();
    EXPECT_EQ(Count(kFirstLsn, through), ToNumber(through));
  }
  writes.join();
}

TEST_F(WalRangeTest, PinnedRecordsSurviveTruncateAndDoNotCountForCheckpoints) {
  Open();
  Write(100);
  const uint64_t bytes_before = writer_->log_bytes();
  auto pin = writer_->Pin(Lsn{20});
  Truncate(Lsn{101});
  EXPECT_EQ(Count(Lsn{20}, Lsn{100}), 81u);
  EXPECT_LT(writer_->log_bytes(), bytes_before / 2);
  EXPECT_EQ(writer_->pinned_bytes(), writer_->extent().bytes - writer_->log_bytes());
  pin->Advance(Lsn{101});
  EXPECT_EQ(writer_->pinned_bytes(), 0u);
  EXPECT_GT(writer_->extent().files, 4u) << "they go with the next Truncate";
  pin = writer_->Pin(Lsn{70});
  Truncate(Lsn{101});
  EXPECT_EQ(Count(Lsn{70}, Lsn{100}), 31u);
  EXPECT_EQ(Read(Lsn{20}, Lsn{100}).status().code(), StatusCode::kCorruption);
  pin.reset();
  Truncate(Lsn{101});
  EXPECT_EQ(writer_->extent().files, 1u);
}

TEST_F(WalRangeTest, PinnedFilesDoNotCountForTheLimitOfTheLog) {
  options_.log_bytes_max = 8 << 10;
  Open();
  const auto pin = writer_->Pin(kFirstLsn);
  for (int i = 0; i < 20; ++i) {
    Write(20);
    Truncate(writer_->last_lsn());
  }
  EXPECT_GT(writer_->pinned_bytes(), options_.log_bytes_max);
}

TEST_F(WalRangeTest, HeldLogSurvivesRestartsUntilItIsTakenOver) {
  Open(true);
  Write(60);
  Truncate(Lsn{61});
  Open(true);
  Write(60);
  Truncate(Lsn{121});
  auto pin = writer_->PinAll();
  EXPECT_EQ(pin->first(), kFirstLsn);
  EXPECT_EQ(Count(kFirstLsn, Lsn{120}), 120u);
  pin->Advance(Lsn{121});
  Truncate(Lsn{121});
  EXPECT_EQ(writer_->extent().files, 1u);
}

TEST_F(WalRangeTest, DamageIsReportedWithFileAndOffset) {
  Open();
  Write(10);
  const io::Path path = io::JoinPath(kLogDirectory, WalFileName(1));
  auto file = disk_.OpenForWrite(path);
  ASSERT_TRUE(file.ok());
  LUMA_ASSERT_OK((*file)->WriteAt(150, AsBytes("x")));
  const Status status = Read(kFirstLsn, Lsn{10}).status();
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_NE(std::string(status.message()).find(path + " offset="), std::string::npos) << status;
}

}  // namespace
}  // namespace luma::storage::testing
