// Goal: writers, readers and flushes beside each other keep every invariant; ThreadSanitizer finds
// no race. Run it under the tsan preset.
#include <atomic>
#include <future>
#include <random>
#include <thread>

#include "storage/testing/engine_fixture.h"

namespace luma::storage {
namespace {

class EngineConcurrencyTest : public EngineTest {
 protected:
  EngineConcurrencyTest() {
    options_.wal_segment_bytes = 1 << 20;
    options_.run_rows_max = 2000;
    Reopen();
  }
};

// Accounts whose sum never changes: lost updates and torn snapshots would change it.
TEST_F(EngineConcurrencyTest, TransfersKeepTheSum) {
  constexpr int64_t kAccounts = 20;
  const ObjectId table = CreateTable();
  std::vector<TestRow> accounts;
  for (int64_t i = 0; i < kAccounts; ++i) accounts.push_back({i, "100"});
  Insert(table, accounts);

  const auto transfer = [&](std::mt19937_64& random) {
    auto transaction = engine_->Begin();
    const TableSnapshotPtr snapshot = *transaction->Read(table);
    const int64_t from = static_cast<int64_t>(random() % kAccounts);
    const int64_t to = (from + 1 + static_cast<int64_t>(random() % (kAccounts - 1))) % kAccounts;
    std::vector<RowId> ids;
    std::vector<TestRow> rows;
    for (const auto& [id, row] : ReadRowsById(*snapshot)) {
      if (row.key != from && row.key != to) continue;
      ids.push_back(id);
      rows.push_back({row.key, std::to_string(std::stoi(*row.text) + (row.key == to ? 1 : -1))});
    }
    if (!transaction->Delete(table, ids).ok()) return false;
    if (!Append(*transaction, table, rows).ok()) return false;
    return transaction->Commit().ok();
  };
  std::atomic<bool> stop{false};
  std::atomic<int> transfers{0};
  std::vector<std::thread> threads;
  for (uint64_t seed = 0; seed < 2; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937_64 random(seed);
      for (int done = 0; done < 200;) {
        if (transfer(random)) {
          ++done;
          ++transfers;
        }
      }
    });
  }
  threads.emplace_back([&] {
    while (!stop) {
      int sum = 0;
      size_t count = 0;
      for (const TestRow& row : Rows(table)) {
        sum += std::stoi(*row.text);
        ++count;
      }
      EXPECT_EQ(sum, 100 * kAccounts);
      EXPECT_EQ(count, kAccounts);
    }
  });
  threads.emplace_back([&] {
    while (!stop) LUMA_EXPECT_OK(engine_->Flush());
  });
  threads[0].join();
  threads[1].join();
  stop = true;
  threads[2].join();
  threads[3].join();
  EXPECT_EQ(transfers, 400);
  Reopen();
  EXPECT_EQ(Rows(table).size(), kAccounts);
}

// Appends of one to 100 rows with nulls, so that readers end inside validity words that are
// written.
TEST_F(EngineConcurrencyTest, ReadersSeeWholeBatchesWhileOthersAppend) {
  const ObjectId table = CreateTable({.has_key = false});
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int64_t writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      for (int64_t batch = 0; batch < 150; ++batch) {
        std::vector<TestRow> rows;
        for (int64_t i = 0; i <= batch % 100; ++i) {
          rows.push_back({writer * 1000 + batch,
                          i % 3 == 0 ? std::nullopt : std::optional(std::string(i % 30, 'x'))});
        }
        auto transaction = engine_->Begin();
        LUMA_ASSERT_OK(Append(*transaction, table, rows));
        std::promise<Status> done;
        transaction->CommitAsync([&](const Status& status) { done.set_value(status); });
        LUMA_ASSERT_OK(done.get_future().get());
      }
    });
  }
  threads.emplace_back([&] {
    while (!stop) {
      std::map<int64_t, int64_t> sizes;
      for (const TestRow& row : Rows(table)) ++sizes[*row.key];
      for (const auto& [key, size] : sizes) EXPECT_EQ(size, key % 1000 % 100 + 1);
    }
  });
  threads.emplace_back([&] {
    while (!stop) {
      LUMA_EXPECT_OK(engine_->Flush());
      std::this_thread::yield();
    }
  });
  threads[0].join();
  threads[1].join();
  stop = true;
  threads[2].join();
  threads[3].join();
}

TEST_F(EngineConcurrencyTest, OneTransactionMayAppendFromSeveralThreads) {
  const ObjectId table = CreateTable();
  auto transaction = engine_->Begin();
  std::vector<std::thread> threads;
  for (int64_t first = 0; first < 4; ++first) {
    threads.emplace_back([&, first] {
      for (int64_t i = 0; i < 100; ++i) {
        LUMA_EXPECT_OK(Append(*transaction, table, {{first * 100 + i, "text"}}));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  LUMA_ASSERT_OK(transaction->Commit());
  EXPECT_EQ(Rows(table).size(), 400);
}

TEST_F(EngineConcurrencyTest, TheBackgroundFlushFindsItsWork) {
  options_.background_flush = true;
  options_.hot_bytes_flush = 1;
  Reopen();
  const ObjectId table = CreateTable();
  Insert(table, {{1, "a"}, {2, "b"}});
  while (engine_->Stats().warm_rows < 2) std::this_thread::yield();
  EXPECT_EQ(Rows(table).size(), 2);
}

}  // namespace
}  // namespace luma::storage
