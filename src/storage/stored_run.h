// A run that the manifest names: in a segment file, or in an object of the cold tier.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include "storage/run.h"
#include "storage/warm/segment_format.h"

namespace luma::storage {

// Threads: any.
class StoredRun : public Run {
 public:
  // What one read took.
  struct ReadCost {
    uint64_t memory_bytes = 0;
    uint64_t read_bytes = 0;
  };

  // The manifest names the run no more: its bytes go when the last reader lets go of it. Should
  // that fail, the next start removes them.
  void MarkObsolete() const { is_obsolete_ = true; }

  Tier tier() const final { return tier_; }
  // Of the file or object.
  virtual const std::string& name() const = 0;
  // In the order of the file; empty when that is not known before the object store answers.
  virtual std::span<const SegmentColumn> columns() const = 0;
  // As Read, past the caches where that is cheaper: for who reads every block once. Adds to `cost`.
  virtual Result<ColumnBlock> ReadOnce(const ColumnSchema& column, uint32_t block,
                                       ReadCost& cost) const = 0;

 protected:
  StoredRun(RunId id, Tier tier) : Run(id), tier_(tier) {}
  bool is_obsolete() const { return is_obsolete_; }

 private:
  const Tier tier_;
  mutable std::atomic<bool> is_obsolete_{false};
};
using StoredRunPtr = std::shared_ptr<const StoredRun>;

}  // namespace luma::storage
