// A database under backup on a simulated disk, with what it held at every commit.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/local_object_store.h"
#include "io/sim_object_store.h"
#include "storage/backup/backup_list.h"
#include "storage/backup/backup_writer.h"
#include "storage/backup/log_archive.h"
#include "storage/backup/restore.h"
#include "storage/backup/store_check.h"
#include "storage/testing/engine_fixture.h"

namespace luma::storage {

inline Status NoProgress(const Progress&) { return Status::Ok(); }

class BackupTest : public EngineTest {
 protected:
  // A day in 2026, so that ids and times look like those of a server.
  BackupTest() { clock_.JumpWallTimeTo(1'795'000'000'000); }

  CommitNumber LastCommit() { return engine_->Stats().last_commit; }
  Lsn LastLsn() { return Lsn{static_cast<uint64_t>(LastCommit())}; }

  // One commit with one row; remembers the table as it is then.
  void Write(ObjectId table, int64_t key) {
    clock_.Advance(std::chrono::seconds(10));
    Insert(table, {{key, "row " + std::to_string(key)}});
    Remember(table);
  }
  void Remove(ObjectId table, int64_t key) {
    clock_.Advance(std::chrono::seconds(10));
    auto transaction = engine_->Begin();
    LUMA_ASSERT_OK(DeleteKey(*transaction, table, key));
    LUMA_ASSERT_OK(transaction->Commit());
    Remember(table);
  }
  void Remember(ObjectId table) { seen_[LastLsn()] = {clock_.NowMillis(), SortedRows(table)}; }

  Result<BackupResult> TryBackup(const OnProgress& on_progress = NoProgress) {
    clock_.Advance(std::chrono::seconds(1));
    LUMA_RETURN_IF_ERROR(engine_->Flush());
    return WriteBackup(engine_->backup_source(), store_, clock_, on_progress);
  }
  BackupResult MustBackup() {
    auto result = TryBackup();
    EXPECT_TRUE(result.ok()) << result.status();
    return std::move(result).value();
  }
  Result<RestoreResult> TryRestore(const RestoreTarget& target = {}) {
    restored_disk_ = io::SimDisk();
    return Restore(store_, target, restored_disk_, "/copy", NoProgress);
  }

  std::vector<TestRow> SortedRows(ObjectId table) { return Sorted(Rows(table)); }
  static std::vector<TestRow> Sorted(std::vector<TestRow> rows) {
    std::ranges::sort(rows);
    return rows;
  }
  // The rows of the table in a restored directory, opened as a server does.
  std::vector<TestRow> RestoredRows(ObjectId table) { return RowsOn(restored_disk_, table); }
  std::vector<TestRow> RowsOn(io::SimDisk& disk, ObjectId table) {
    EngineOptions options = options_;
    options.data_dir = "/copy";
    const auto engine = StorageEngine::Open(options, disk, clock_);
    EXPECT_TRUE(engine.ok()) << engine.status();
    if (!engine.ok()) return {};
    return Sorted(ReadRows(**(*engine)->Read(table)));
  }
  // Flips one bit of an object.
  void Damage(const std::string& key, uint64_t offset) {
    Bytes bytes = *store_.Get(key);
    bytes.at(offset) ^= std::byte{1};
    LUMA_ASSERT_OK(store_.Put(key, bytes));
  }
  std::string FirstKey(const std::string& prefix) {
    const auto objects = store_.List(prefix);
    EXPECT_FALSE(objects->empty()) << prefix;
    return objects->front().key;
  }

  struct Seen {
    UnixMillis time = 0;
    std::vector<TestRow> rows;
  };
  std::map<Lsn, Seen> seen_;  // by commit
  io::SimObjectStore store_;
  io::SimDisk restored_disk_;
};

}  // namespace luma::storage
