// Transaction over the parts of the engine.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "storage/deleted_rows.h"
#include "storage/engine_parts.h"
#include "storage/table_changes.h"
#include "storage/transaction.h"

namespace luma::storage {

class TransactionImpl final : public Transaction {
 public:
  explicit TransactionImpl(const EngineParts& engine);
  ~TransactionImpl() override { Rollback(); }

  CommitNumber snapshot() const override { return state().commit(); }
  bool has_changes() const override;
  const CatalogReader& Catalog() const override;

  Result<ObjectId> CreateObject(CatalogObject object) override;
  Status AlterObject(CatalogObject object) override;
  Status DropObject(ObjectId id) override;

  Status Append(ObjectId table, std::span<const ColumnSpan> columns) override
      LUMA_EXCLUDES(append_mutex_);
  Status Append(ObjectId table, RowBuffer rows) override;
  Result<uint64_t> Delete(ObjectId table, std::span<const RowId> rows) override;
  Status Truncate(ObjectId table) override;

  Result<TableSnapshotPtr> Read(ObjectId table) override;
  Result<std::vector<std::optional<RowId>>> FindKeys(
      ObjectId table, size_t constraint, std::span<const ColumnSpan> key_columns) override;

  Result<int64_t> NextValue(ObjectId sequence) override;
  Result<int64_t> CurrentValue(ObjectId sequence) override;
  Status SetValue(ObjectId sequence, int64_t value, bool is_called) override;

  Status Commit() override;
  void CommitAsync(std::function<void(Status)> done) override;
  void Rollback() override;

 private:
  const DatabaseState& state() const { return **snapshot_; }
  CatalogOverlay& Overlay();
  Result<CatalogObjectPtr> FindTable(ObjectId id) const;
  Result<CatalogObjectPtr> FindSequence(ObjectId id) const;
  TableChanges& ChangesOf(ObjectId table);
  Status WatchLog(Status status) const;
  Sequences::Log SequenceLog() const;

  Result<WriteBatch> BuildBatch();
  // Adds the deletes of one table, with what their rows held where the log needs it.
  Status AddDeletes(const TableWrite& write, DeletedContents& contents,
                    std::vector<CommitRecord::Delete>& deletes) const;
  // Returns the last record the transaction depends on: its commit's, or that of a sequence whose
  // numbers are all it used, or kNoLsn.
  Result<Lsn> Submit();
  // After a successful commit: counters of dropped sequences, garbage of unique indexes.
  void CleanUp();

  const EngineParts& engine_;
  std::optional<StateStore::Snapshot> snapshot_;  // none after the end
  std::optional<CatalogOverlay> overlay_;         // none without catalog changes
  Mutex append_mutex_;                            // several threads may append at once
  std::map<ObjectId, TableChanges> tables_;
  std::vector<ObjectId> created_sequences_;
  std::vector<ObjectId> dropped_sequences_;
  Lsn sequences_logged_at_ = kNoLsn;  // of the numbers it used
};

}  // namespace luma::storage
