#include "storage/sequences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace luma::storage {
namespace {

constexpr ObjectId kId{20000};

class SequencesTest : public testing::Test {
 protected:
  Sequences::Log log() {
    return [this](std::span<const Sequences::Record> records) {
      if (!log_status_.ok()) return Result<Lsn>(log_status_);
      for (const auto& [id, record] : records) logged_.push_back(record);
      last_lsn_ = storage::Next(last_lsn_);
      return Result<Lsn>(last_lsn_);
    };
  }
  int64_t Next() { return sequences_.Next(kId, options_, log())->value; }

  Sequences sequences_;
  SequenceOptions options_;
  std::vector<SequenceRecord> logged_;
  Status log_status_;
  Lsn last_lsn_ = kNoLsn;
};

TEST_F(SequencesTest, OneRecordServesManyNumbers) {
  for (int64_t i = 1; i <= 33; ++i) EXPECT_EQ(Next(), i);
  EXPECT_EQ(logged_.size(), 1);
  EXPECT_EQ(Next(), 34);
  EXPECT_EQ(logged_.size(), 2);
}

TEST_F(SequencesTest, EveryNumberSaysWhichRecordCoversIt) {
  EXPECT_EQ(sequences_.Next(kId, options_, log())->logged_at, Lsn{1});
  EXPECT_EQ(sequences_.Next(kId, options_, log())->logged_at, Lsn{1});
  EXPECT_EQ(*sequences_.Set(kId, options_, 9, true, log()), Lsn{2});
}

TEST_F(SequencesTest, ARestartNeverRepeatsANumber) {
  for (int i = 0; i < 40; ++i) {
    const int64_t last = Next();
    Sequences restarted;
    restarted.Restore(kId, logged_.back());
    EXPECT_GT(restarted.Next(kId, options_, log())->value, last);
    logged_.pop_back();
  }
}

TEST_F(SequencesTest, AfterExactLoggingNothingIsSkipped) {
  Next();
  ASSERT_TRUE(sequences_.LogExact(log()).ok());
  Sequences restarted;
  restarted.Restore(kId, logged_.back());
  EXPECT_EQ(restarted.Next(kId, options_, log())->value, 2);
}

TEST_F(SequencesTest, ANumberThatCannotBeLoggedIsNotGivenOut) {
  log_status_ = Status::DiskFull("full");
  EXPECT_EQ(sequences_.Next(kId, options_, log()).status().code(), StatusCode::kDiskFull);
  log_status_ = Status::Ok();
  EXPECT_EQ(Next(), 1);
}

TEST_F(SequencesTest, EndsCyclesAndDirections) {
  options_ = {.start = 2, .increment = -1, .min_value = 1, .max_value = 3, .cycle = false};
  EXPECT_EQ(Next(), 2);
  EXPECT_EQ(Next(), 1);
  EXPECT_EQ(sequences_.Next(kId, options_, log()).status().sqlstate(), "2200H");
  options_.cycle = true;
  EXPECT_EQ(Next(), 3);
  EXPECT_EQ(Next(), 2);
}

TEST_F(SequencesTest, ANewIncrementIsLoggedAtOnce) {
  Next();
  options_.increment = 1000;
  const int64_t number = Next();
  EXPECT_EQ(number, 1001);
  EXPECT_GE(logged_.back().value, number);
}

TEST_F(SequencesTest, SetMovesBothWays) {
  Next();
  ASSERT_TRUE(sequences_.Set(kId, options_, 50, true, log()).ok());
  EXPECT_EQ(*sequences_.Current(kId), 50);
  EXPECT_EQ(Next(), 51);
  ASSERT_TRUE(sequences_.Set(kId, options_, 7, false, log()).ok());
  EXPECT_EQ(Next(), 7);
  EXPECT_EQ(sequences_.Set(kId, options_, 0, false, log()).status().code(),
            StatusCode::kOutOfRange);
}

}  // namespace
}  // namespace luma::storage
