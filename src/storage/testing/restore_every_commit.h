// A database whose every commit is remembered as a whole, and restored from its first backup.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "storage/testing/backup_fixture.h"
#include "storage/testing/cold_fixture.h"
#include "storage/testing/database_rows.h"

namespace luma::storage {

// Joins whatever runs there are.
inline constexpr MergePolicy kMergeAll{.inputs_min = 2, .largest_share_max = 1};

class RestoreEveryCommitTest : public BackupTest {
 protected:
  RestoreEveryCommitTest() {
    options_.hold_log = true;
    options_.default_policy.warm_age = std::chrono::hours(24);
    options_.cold.store = cold_store_;
    options_.cold.format = cold_format_;
    Reopen();
    StartArchive();
  }
  ~RestoreEveryCommitTest() override {
    archive_.reset();
    engine_.reset();
  }

  void StartArchive() {
    LogArchiveOptions options;
    options.background = false;
    archive_ = std::make_unique<LogArchive>(engine_->backup_source(), store_, options);
  }
  void Restart() {
    archive_.reset();
    Reopen();
    StartArchive();
  }
  void Backup() { first_ = first_.empty() ? MustBackup().backup.Id() : first_; }
  void Flush() { LUMA_ASSERT_OK(engine_->Flush()); }
  void Merge() { LUMA_ASSERT_OK(engine_->Compact(kMergeAll)); }
  void MoveCold() { LUMA_ASSERT_OK(engine_->MoveCold(kMergeAll)); }

  // Does not count commits before the first backup.
  void Remember() {
    if (!first_.empty()) states_[LastLsn()] = ReadDatabase(*engine_);
  }
  // One commit.
  void Commit(const std::function<void(Transaction&)>& change) {
    const auto transaction = engine_->Begin();
    change(*transaction);
    LUMA_ASSERT_OK(transaction->Commit());
    Remember();
  }
  ObjectId Create(CatalogObject table) {
    ObjectId id{};
    Commit([&](Transaction& transaction) {
      const auto created = transaction.CreateObject(std::move(table));
      LUMA_ASSERT_OK(created);
      id = *created;
    });
    return id;
  }
  void Insert(ObjectId table, const std::vector<TextRow>& rows) {
    Commit([&](Transaction& transaction) {
      LUMA_ASSERT_OK(AppendTextRows(transaction, table, rows));
    });
  }
  using Condition = std::function<bool(const TextRow&)>;
  static std::vector<RowId> Where(Transaction& transaction, ObjectId table,
                                  const Condition& condition) {
    std::vector<RowId> ids;
    for (const auto& [id, row] : ReadTextRows(**transaction.Read(table))) {
      if (condition(row)) ids.push_back(id);
    }
    return ids;
  }
  static Condition FirstIs(int64_t key) {
    return [text = std::to_string(key)](const TextRow& row) { return row[0] == text; };
  }
  // Returns how many rows went.
  uint64_t Delete(ObjectId table, const Condition& condition, size_t at_most = SIZE_MAX) {
    uint64_t count = 0;
    Commit([&](Transaction& transaction) {
      std::vector<RowId> ids = Where(transaction, table, condition);
      ids.resize(std::min(ids.size(), at_most));
      const auto deleted = transaction.Delete(table, ids);
      LUMA_ASSERT_OK(deleted);
      count = *deleted;
    });
    return count;
  }
  // Deletes the rows and inserts others in one commit.
  void Replace(ObjectId table, const Condition& condition, const std::vector<TextRow>& rows) {
    Commit([&](Transaction& transaction) {
      LUMA_ASSERT_OK(transaction.Delete(table, Where(transaction, table, condition)));
      LUMA_ASSERT_OK(AppendTextRows(transaction, table, rows));
    });
  }
  void ChangeColumns(ObjectId table, const std::function<void(TableSchema&)>& change) {
    Commit([&](Transaction& transaction) {
      CatalogObject object = *transaction.Catalog().Find(table);
      TableSchema schema = *object.table;
      change(schema);
      object.table = std::make_shared<const TableSchema>(std::move(schema));
      LUMA_ASSERT_OK(transaction.AlterObject(std::move(object)));
    });
  }

  Result<RestoreResult> RestoreTo(Lsn commit) {
    restored_disk_ = io::SimDisk();
    prefix_ = "copy" + std::to_string(++copies_) + "/";
    return Restore(store_, {.id = first_, .commit = commit}, restored_disk_, "/copy", NoProgress,
                   {.store = cold_store_.get(), .key_prefix = prefix_});
  }
  Result<std::unique_ptr<StorageEngine>> OpenRestored(io::SimDisk& disk) {
    EngineOptions options = options_;
    options.data_dir = "/copy";
    options.cold.key_prefix = prefix_;
    return StorageEngine::Open(options, disk, clock_);
  }
  // Twice: the first start finds the deleted rows, the second has nothing of that left to do.
  void ExpectRestored(Lsn commit, const DatabaseRows& expected) {
    SCOPED_TRACE("commit " + std::to_string(ToNumber(commit)));
    LUMA_ASSERT_OK(RestoreTo(commit));
    for (int start = 0; start < 2; ++start) {
      const auto engine = OpenRestored(restored_disk_);
      ASSERT_TRUE(engine.ok()) << engine.status();
      ASSERT_EQ(ReadDatabase(**engine), expected);
    }
  }
  void ExpectEveryCommitComesBack() {
    LUMA_ASSERT_OK(archive_->ArchiveOnce());
    for (const auto& [commit, expected] : states_) {
      ExpectRestored(commit, expected);
      if (HasFatalFailure()) return;
    }
  }

  std::string first_;  // backup
  std::map<Lsn, DatabaseRows> states_;
  std::unique_ptr<LogArchive> archive_;
  const std::shared_ptr<io::SimObjectStore> cold_store_ = std::make_shared<io::SimObjectStore>();
  const std::shared_ptr<PlainColdFormat> cold_format_ = std::make_shared<PlainColdFormat>(disk_);
  std::string prefix_;
  int copies_ = 0;
};

}  // namespace luma::storage
