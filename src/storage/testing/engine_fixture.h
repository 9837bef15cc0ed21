// An engine on a simulated disk, without background work, and shorthands for tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "io/sim_disk.h"
#include "storage/storage_engine.h"
#include "storage/testing/test_rows.h"

namespace luma::storage {

inline EngineOptions TestEngineOptions() {
  EngineOptions options{.data_dir = "/data"};
  options.background_flush = false;
  options.wal_segment_bytes = 16 << 10;
  return options;
}

class EngineTest : public testing::Test {
 protected:
  EngineTest() { Reopen(); }

  void Reopen() {
    engine_.reset();
    auto opened = StorageEngine::Open(options_, disk_, clock_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    engine_ = std::move(opened).value();
  }

  ObjectId CreateTable(const TestTableOptions& options = {}) {
    auto transaction = engine_->Begin();
    const auto id = transaction->CreateObject(TestTable(options));
    EXPECT_TRUE(id.ok()) << id.status();
    EXPECT_TRUE(transaction->Commit().ok());
    return *id;
  }
  void Insert(ObjectId table, const std::vector<TestRow>& rows) {
    auto transaction = engine_->Begin();
    LUMA_ASSERT_OK(Append(*transaction, table, rows));
    LUMA_ASSERT_OK(transaction->Commit());
  }
  static Status Append(Transaction& transaction, ObjectId table, const std::vector<TestRow>& rows) {
    return transaction.Append(table, TestColumns(rows).spans());
  }
  static Result<uint64_t> DeleteKey(Transaction& transaction, ObjectId table, int64_t key) {
    return transaction.Delete(table, IdsOfKey(**transaction.Read(table), key));
  }
  std::vector<TestRow> Rows(ObjectId table) { return ReadRows(**engine_->Read(table)); }
  static std::vector<TestRow> Rows(Transaction& transaction, ObjectId table) {
    return ReadRows(**transaction.Read(table));
  }

  EngineOptions options_ = TestEngineOptions();
  io::SimDisk disk_;
  ManualClock clock_{0};
  std::unique_ptr<StorageEngine> engine_;
};

}  // namespace luma::storage
