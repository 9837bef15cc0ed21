// A run as one version of its table has it: how many of its rows are visible, which are deleted.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "storage/delete_bitmap.h"
#include "storage/run.h"

namespace luma::storage {

// Immutable; cheap to make: the data and the bitmap are shared with other versions.
class RunVersion final : public RunView {
 public:
  RunVersion(RunPtr run, uint32_t rows, DeleteBitmapPtr deletes)
      : run_(std::move(run)), rows_(rows), deletes_(std::move(deletes)) {}

  const RunPtr& run() const { return run_; }
  const DeleteBitmapPtr& deletes() const { return deletes_; }

  RunId id() const override { return run_->id(); }
  uint32_t row_count() const override { return rows_; }
  uint32_t deleted_count() const override { return DeletedCount(deletes_); }
  uint32_t block_count() const override { return run_->BlockCount(rows_); }
  uint32_t BlockStart(uint32_t block) const override { return run_->BlockStart(block); }
  uint32_t BlockRows(uint32_t block) const override { return run_->BlockRows(block, rows_); }
  const ZoneMap* Zone(ColumnId column, uint32_t block) const override {
    return run_->Zone(column, block, rows_);
  }
  Result<ColumnBlock> Read(const ColumnSchema& column, uint32_t block) const override {
    return run_->Read(column, block, rows_);
  }
  uint32_t DeletedRows(uint32_t block, std::span<uint64_t> words) const override;
  bool IsDeleted(uint32_t position) const override {
    return storage::IsDeleted(deletes_, position);
  }

 private:
  const RunPtr run_;
  const uint32_t rows_;
  const DeleteBitmapPtr deletes_;
};
using RunVersionPtr = std::shared_ptr<const RunVersion>;

// The block that holds `position`, which is below view.row_count().
uint32_t FindBlock(const RunView& view, uint32_t position);

}  // namespace luma::storage
