// A run in an object of the cold tier.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "storage/cold/cold_tier.h"
#include "storage/stored_run.h"

namespace luma::storage {

// Has the blocks and zone maps of the segment file it came from; reads decode the row group that a
// block lies in, which the block cache keeps for its neighbours.
// The object is opened by the first read. The sidecar, if the local one was missing or damaged, is
// fetched then as well; until that succeeds no zone map is known.
// Threads: any. Lifetime: `tier` must outlive it.
class ColdRun final : public StoredRun {
 public:
  // `record` is cold. Reads the local sidecar and nothing else.
  ColdRun(ColdTier& tier, ObjectId table, RunRecord record, uint32_t layout);
  // Discards the objects and removes the sidecar if the run is obsolete.
  ~ColdRun() override;

  const RunRecord& record() const { return record_; }
  // Null until it is known.
  std::shared_ptr<const ColdSidecar> sidecar() const;
  // Makes it known. Errors: those of ColdTier::FetchSidecar.
  Status FindSidecar() const { return FindIndex().status(); }
  const std::string& name() const override { return record_.cold->key; }
  // As they are in the object; empty when the sidecar is out of reach.
  std::span<const SegmentColumn> columns() const override;

  uint32_t layout() const override { return layout_; }
  uint64_t file_bytes() const override { return record_.cold->bytes; }
  uint32_t BlockCount(uint32_t) const override { return BlocksOf(record_.row_count, kBlockRows); }
  uint32_t BlockStart(uint32_t block) const override { return block * kBlockRows; }
  uint32_t BlockRows(uint32_t block, uint32_t) const override {
    return std::min(kBlockRows, record_.row_count - block * kBlockRows);
  }
  const ZoneMap* Zone(ColumnId column, uint32_t block, uint32_t rows) const override;
  // Errors: kUnavailable when the object store does not answer, kCorruption; both name table and
  // object.
  Result<ColumnBlock> Read(const ColumnSchema& column, uint32_t block,
                           uint32_t rows) const override;
  Result<ColumnBlock> ReadOnce(const ColumnSchema& column, uint32_t block,
                               ReadCost& cost) const override;

 private:
  // What is known of the object once its sidecar is here.
  struct Index {
    std::shared_ptr<const ColdSidecar> sidecar;
    std::vector<SegmentColumn> columns;
  };

  void SetIndex(ColdSidecar sidecar) const;
  Result<const Index*> FindIndex() const LUMA_EXCLUDES(mutex_);
  Result<std::shared_ptr<const ColdFile>> OpenFile(const Index& index) const LUMA_EXCLUDES(mutex_);
  Result<DecodedBlockPtr> ReadGroup(const Index& index, size_t column, uint32_t group) const;

  ColdTier& tier_;
  const ObjectId table_;
  const RunRecord record_;
  const uint32_t layout_;
  const uint64_t cache_number_;
  // Set once; readers of zone maps must not wait for a fetch.
  mutable std::atomic<const Index*> index_{nullptr};

  mutable Mutex mutex_;  // held while the object is opened: others need the same
  mutable std::unique_ptr<const Index> index_owner_;
  mutable std::shared_ptr<const ColdFile> file_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::storage
