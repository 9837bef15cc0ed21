// Goal: whatever transactions, flushes, merges and restarts do in whatever order, every snapshot
// reads what a simple model says, and every commit that must conflict does.
// Method: two tables (one sorted) beside two std::maps; random statements in several open
// transactions, all of them compared after every few steps. LUMA_SEED=<n> repeats a run.
#include <array>
#include <map>
#include <random>
#include <set>

#include "encoding/testing/test_seed.h"
#include "storage/segment_metrics.h"
#include "storage/testing/engine_fixture.h"

namespace luma::storage {
namespace {

constexpr int kTables = 2;
constexpr int64_t kKeys = 200;

using ModelTable = std::map<int64_t, std::optional<std::string>>;
using ModelState = std::array<ModelTable, kTables>;

struct ModelCommit {
  uint64_t number = 0;
  std::array<std::set<int64_t>, kTables> changed;  // keys
};

struct OpenTransaction {
  std::unique_ptr<Transaction> transaction;
  ModelState snapshot;
  ModelState now;
  std::array<bool, kTables> truncated{};
  uint64_t commits_before = 0;
  uint64_t moves_before = 0;
};

class EnginePropertyTest : public EngineTest {
 protected:
  EnginePropertyTest() : seed_(encoding::testing::TestSeed()), random_(seed_) {
    tables_[0] = CreateTable({.name = "plain"});
    tables_[1] = CreateTable({.name = "sorted", .sorted = true});
  }
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  int64_t RandomKey() { return static_cast<int64_t>(Below(kKeys)); }
  std::optional<std::string> RandomText() {
    if (Below(5) == 0) return std::nullopt;
    return std::string(Below(40), static_cast<char>('a' + Below(26)));
  }

  void Begin() {
    OpenTransaction open;
    open.transaction = engine_->Begin();
    open.snapshot = open.now = committed_;
    open.commits_before = commits_.size();
    open.moves_before = moves_;
    open_.push_back(std::move(open));
  }

  void InsertSome(OpenTransaction& open, int table) {
    std::vector<TestRow> rows;
    bool is_duplicate = false;
    ModelTable after = open.now[table];
    const uint64_t count = 1 + Below(Below(4) == 0 ? 90 : 3);
    for (uint64_t i = 0; i < count; ++i) {
      rows.push_back({RandomKey(), RandomText()});
      is_duplicate |= !after.emplace(*rows.back().key, rows.back().text).second;
    }
    const Status status = Append(*open.transaction, tables_[table], rows);
    if (is_duplicate) {
      EXPECT_EQ(status.code(), StatusCode::kUniqueViolation);
    } else {
      LUMA_ASSERT_OK(status);
      open.now[table] = after;
    }
  }

  std::vector<RowId> FindRows(OpenTransaction& open, int table, const std::set<int64_t>& keys) {
    std::vector<TestRow> wanted;
    for (const int64_t key : keys) wanted.push_back({key, ""});
    const TestColumns columns(wanted);
    const auto found = open.transaction->FindKeys(tables_[table], 0, columns.keys());
    EXPECT_TRUE(found.ok()) << found.status();
    std::vector<RowId> ids;
    for (size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ((*found)[i].has_value(), open.now[table].contains(*wanted[i].key));
      if ((*found)[i]) ids.push_back(*(*found)[i]);
    }
    return ids;
  }

  // Returns false when the transaction met a conflict and is to be rolled back.
  bool DeleteSome(OpenTransaction& open, int table) {
    std::set<int64_t> keys;
    for (uint64_t i = 0, count = 1 + Below(5); i < count; ++i) keys.insert(RandomKey());
    const std::vector<RowId> ids = FindRows(open, table, keys);
    const auto deleted = open.transaction->Delete(tables_[table], ids);
    if (deleted.status().code() == StatusCode::kConflict) {
      EXPECT_TRUE(MayConflict(open));
      return false;
    }
    EXPECT_TRUE(deleted.ok()) << deleted.status();
    EXPECT_EQ(*deleted, ids.size());
    for (const int64_t key : keys) open.now[table].erase(key);
    return true;
  }

  void TruncateOne(OpenTransaction& open, int table) {
    LUMA_ASSERT_OK(open.transaction->Truncate(tables_[table]));
    open.now[table].clear();
    open.truncated[table] = true;
  }

  static std::set<int64_t> Changed(const OpenTransaction& open, int table) {
    std::set<int64_t> keys;
    for (int64_t key = 0; key < kKeys; ++key) {
      const auto before = open.snapshot[table].find(key);
      const auto after = open.now[table].find(key);
      const bool was = before != open.snapshot[table].end();
      const bool is = after != open.now[table].end();
      if (was != is || (was && before->second != after->second)) keys.insert(key);
    }
    return keys;
  }

  bool MayConflict(const OpenTransaction& open) const {
    return is_moving_ || commits_.size() > open.commits_before || moves_ > open.moves_before;
  }
  bool MustConflict(const OpenTransaction& open) const {
    for (int table = 0; table < kTables; ++table) {
      const std::set<int64_t> mine = Changed(open, table);
      for (size_t i = open.commits_before; i < commits_.size(); ++i) {
        const std::set<int64_t>& theirs = commits_[i].changed[table];
        if (open.truncated[table] && !theirs.empty()) return true;
        for (const int64_t key : mine) {
          if (open.snapshot[table].contains(key) && theirs.contains(key)) return true;
        }
      }
      for (const int64_t key : mine) {
        const bool inserts = !open.snapshot[table].contains(key);
        if (inserts && committed_[table].contains(key)) return true;
      }
    }
    return false;
  }

  void Commit(size_t index) {
    OpenTransaction open = std::move(open_[index]);
    open_.erase(open_.begin() + static_cast<ptrdiff_t>(index));
    const bool must_conflict = MustConflict(open);
    const Status status = open.transaction->Commit();
    if (!status.ok()) {
      EXPECT_TRUE(status.code() == StatusCode::kConflict ||
                  status.code() == StatusCode::kUniqueViolation)
          << status;
      EXPECT_TRUE(MayConflict(open)) << status;
      return;
    }
    EXPECT_FALSE(must_conflict);
    ModelCommit commit;
    for (int table = 0; table < kTables; ++table) {
      commit.changed[table] = Changed(open, table);
      for (const int64_t key : commit.changed[table]) {
        committed_[table].erase(key);
        const auto after = open.now[table].find(key);
        if (after != open.now[table].end()) committed_[table].insert(*after);
      }
    }
    commits_.push_back(std::move(commit));
  }

  static ModelTable ToModel(const TableSnapshot& table) {
    ModelTable rows;
    for (const TestRow& row : ReadRows(table)) {
      EXPECT_TRUE(rows.emplace(*row.key, row.text).second) << "key twice: " << *row.key;
    }
    return rows;
  }
  void CheckAll() {
    for (int table = 0; table < kTables; ++table) {
      ASSERT_EQ(ToModel(**engine_->Read(tables_[table])), committed_[table]);
      for (OpenTransaction& open : open_) {
        ASSERT_EQ(ToModel(**open.transaction->Read(tables_[table])), open.now[table]);
      }
    }
  }

  void StepInTransaction(size_t index) {
    OpenTransaction& open = open_[index];
    const int table = static_cast<int>(Below(kTables));
    const uint64_t choice = Below(100);
    if (choice < 45) {
      InsertSome(open, table);
    } else if (choice < 80) {
      if (!DeleteSome(open, table)) open_.erase(open_.begin() + static_cast<ptrdiff_t>(index));
    } else if (choice < 82) {
      TruncateOne(open, table);
    } else if (choice < 96) {
      Commit(index);
    } else {
      open_.erase(open_.begin() + static_cast<ptrdiff_t>(index));
    }
  }

  void Step() {
    const uint64_t choice = Below(100);
    if (choice < 4) {
      LUMA_ASSERT_OK(choice < 2 ? engine_->Flush() : engine_->FlushSealed());
      ++moves_;
    } else if (choice < 8) {
      MergeSegments(choice < 6);
    } else if (choice < 10) {
      open_.clear();
      Reopen();
    } else if (open_.empty() || (open_.size() < 4 && choice < 25)) {
      Begin();
    } else {
      StepInTransaction(Below(open_.size()));
    }
  }

  void DeleteInNewTransaction() {
    Begin();
    for (int table = 0; table < kTables; ++table) {
      if (DeleteSome(open_.back(), table)) continue;
      open_.pop_back();
      return;
    }
    Commit(open_.size() - 1);
  }

  // At times with steps of transactions in the middle of it.
  void MergeSegments(bool is_disturbed) {
    bool is_done = !is_disturbed;
    disk_.SetSyncHook([&](const io::Path& path) {
      const bool is_in_merge = path.ends_with(".seg.tmp") || path.find("MANIFEST") != path.npos;
      if (is_done || !is_in_merge || Below(3) == 0) return;
      is_done = true;
      ++moves_;  // rows that are about to move may be frozen
      is_moving_ = true;
      for (uint64_t steps = Below(6); steps > 0 && !open_.empty(); --steps) {
        StepInTransaction(Below(open_.size()));
      }
      DeleteInNewTransaction();
      is_moving_ = false;
    });
    LUMA_ASSERT_OK(engine_->Compact({.inputs_min = 2,
                                     .inputs_max = 2 + Below(4),
                                     .largest_share_max = 1,
                                     .free_bytes_min = 0}));
    disk_.SetSyncHook(nullptr);
    ++moves_;
  }

  void TearDown() override { open_.clear(); }

  const uint64_t seed_;
  std::mt19937_64 random_;
  std::array<ObjectId, kTables> tables_{};
  ModelState committed_;
  std::vector<ModelCommit> commits_;
  uint64_t moves_ = 0;  // flushes and merges: rows may have new positions
  bool is_moving_ = false;
  std::vector<OpenTransaction> open_;
};

TEST_F(EnginePropertyTest, EverySnapshotReadsWhatTheModelSays) {
  LUMA_TRACE_SEED(seed_);
  const uint64_t merges_before = SegmentMetrics::Get().merges.Value();
  for (int step = 0; step < 4000 && !HasFatalFailure(); ++step) {
    SCOPED_TRACE(testing::Message() << "step " << step);
    Step();
    if (step % 7 == 0) CheckAll();
  }
  EXPECT_GT(commits_.size(), 200);
  EXPECT_GT(engine_->Stats().last_commit, CommitNumber{200});
  EXPECT_GT(SegmentMetrics::Get().merges.Value(), merges_before + 20);
}

TEST_F(EnginePropertyTest, SmallRunsToo) {
  LUMA_TRACE_SEED(seed_);
  options_.run_rows_max = 64;  // half of it is adopted: sealed runs, adopted runs, many of them
  open_.clear();
  Reopen();
  for (int step = 0; step < 2000 && !HasFatalFailure(); ++step) {
    SCOPED_TRACE(testing::Message() << "step " << step);
    Step();
    if (step % 7 == 0) CheckAll();
  }
}

}  // namespace
}  // namespace luma::storage
