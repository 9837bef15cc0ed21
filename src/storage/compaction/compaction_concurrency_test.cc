// Goal: merges beside writers and readers lose no delete and no row, and show no half of a commit.
// Method: accounts whose total never changes. Each transfer deletes two rows and appends two, while
// one thread flushes and merges without a break and another adds up what snapshots show.
#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "storage/segment_metrics.h"
#include "storage/testing/engine_fixture.h"

namespace luma::storage {
namespace {

constexpr int64_t kAccounts = 40;
constexpr int64_t kStart = 1000;

class CompactionConcurrencyTest : public EngineTest {
 protected:
  static std::map<int64_t, int64_t> Balances(const TableSnapshot& table) {
    std::map<int64_t, int64_t> balances;
    for (const TestRow& row : ReadRows(table)) {
      EXPECT_TRUE(balances.emplace(*row.key, std::stoll(*row.text)).second)
          << "twice: " << *row.key;
    }
    return balances;
  }
  static void ExpectWhole(const TableSnapshot& table) {
    int64_t total = 0;
    const auto balances = Balances(table);
    for (const auto& [account, balance] : balances) total += balance;
    EXPECT_EQ(balances.size(), kAccounts);
    EXPECT_EQ(total, kAccounts * kStart);
  }

  Status Transfer(ObjectId table, int64_t from, int64_t to, int64_t amount) {
    auto transaction = engine_->Begin();
    const auto balances = Balances(**transaction->Read(table));
    for (const int64_t account : {from, to}) {
      LUMA_RETURN_IF_ERROR(DeleteKey(*transaction, table, account).status());
    }
    LUMA_RETURN_IF_ERROR(Append(*transaction, table,
                                {{from, std::to_string(balances.at(from) - amount)},
                                 {to, std::to_string(balances.at(to) + amount)}}));
    return transaction->Commit();
  }
  // Repeats transfers that are refused, as a client would.
  void MakeTransfers(ObjectId table, uint64_t seed, int count) {
    std::mt19937_64 random(seed);
    while (count > 0) {
      const auto from = static_cast<int64_t>(random() % kAccounts);
      const auto to = static_cast<int64_t>((from + 1 + random() % (kAccounts - 1)) % kAccounts);
      const Status status = Transfer(table, from, to, static_cast<int64_t>(random() % 50));
      if (status.ok()) --count;
      ASSERT_TRUE(status.ok() || status.code() == StatusCode::kConflict) << status;
    }
  }
};

TEST_F(CompactionConcurrencyTest, TransfersStayWholeBesideMerges) {
  for (const bool sorted : {false, true}) {
    const ObjectId table = CreateTable({.name = sorted ? "sorted" : "plain", .sorted = sorted});
    std::vector<TestRow> accounts;
    for (int64_t i = 0; i < kAccounts; ++i) accounts.push_back({i, std::to_string(kStart)});
    Insert(table, accounts);
    const uint64_t merges_before = SegmentMetrics::Get().merges.Value();

    std::atomic<int> writers = 2;
    std::vector<std::thread> threads;
    for (uint64_t seed = 1; seed <= 2; ++seed) {
      threads.emplace_back([&, seed] {
        MakeTransfers(table, seed, 300);
        --writers;
      });
    }
    threads.emplace_back([&] {
      while (writers > 0) ExpectWhole(**engine_->Read(table));
    });
    threads.emplace_back([&] {
      while (writers > 0) {
        LUMA_EXPECT_OK(engine_->Flush());
        LUMA_EXPECT_OK(
            engine_->Compact({.inputs_min = 2, .largest_share_max = 1, .free_bytes_min = 0}));
      }
    });
    for (std::thread& thread : threads) thread.join();

    EXPECT_GT(SegmentMetrics::Get().merges.Value(), merges_before);
    ExpectWhole(**engine_->Read(table));
    Reopen();
    ExpectWhole(**engine_->Read(table));
  }
}

}  // namespace
}  // namespace luma::storage
