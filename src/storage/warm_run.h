// A run in a segment file.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "io/file_system.h"
#include "storage/block_cache.h"
#include "storage/run.h"
#include "storage/warm/segment_reader.h"

namespace luma::storage {

// Threads: any. Lifetime: `fs` and `cache` must outlive it.
class WarmRun final : public Run {
 public:
  // `cache` may be null: then every read reads the file.
  WarmRun(io::FileSystem& fs, std::string file_name, uint64_t file_bytes, uint32_t layout,
          std::shared_ptr<const SegmentReader> reader, BlockCache* cache)
      : Run(reader->identity().run_id),
        fs_(fs),
        cache_(cache),
        cache_number_(cache == nullptr ? 0 : cache->NextSegmentNumber()),
        file_name_(std::move(file_name)),
        file_bytes_(file_bytes),
        layout_(layout),
        reader_(std::move(reader)) {}
  // Removes the file if it is obsolete.
  ~WarmRun() override;

  // The manifest names the file no more: it goes when the last reader lets go of the run. Should
  // that fail, the next start removes it.
  void MarkObsolete() const { is_obsolete_ = true; }

  const std::string& file_name() const { return file_name_; }
  const SegmentReader& reader() const { return *reader_; }
  // As Read, past the cache: for who reads every block once. Adds to `memory_bytes` what the block
  // takes.
  Result<ColumnBlock> ReadOnce(const ColumnSchema& column, uint32_t block,
                               uint64_t& memory_bytes) const;

  bool is_hot() const override { return false; }
  uint32_t layout() const override { return layout_; }
  uint64_t file_bytes() const override { return file_bytes_; }
  uint32_t BlockCount(uint32_t) const override { return reader_->block_count(); }
  uint32_t BlockStart(uint32_t block) const override { return block * kBlockRows; }
  uint32_t BlockRows(uint32_t block, uint32_t) const override {
    return reader_->BlockRowCount(block);
  }
  const ZoneMap* Zone(ColumnId column, uint32_t block, uint32_t rows) const override;
  Result<ColumnBlock> Read(const ColumnSchema& column, uint32_t block,
                           uint32_t rows) const override;

 private:
  Result<DecodedBlockPtr> ReadBlock(ColumnId column, uint32_t block) const;
  ColumnBlock MissingBlock(const ColumnSchema& column, uint32_t block) const;

  io::FileSystem& fs_;
  BlockCache* const cache_;
  const uint64_t cache_number_;
  const std::string file_name_;
  const uint64_t file_bytes_;
  const uint32_t layout_;
  const std::shared_ptr<const SegmentReader> reader_;
  mutable std::atomic<bool> is_obsolete_{false};
};

}  // namespace luma::storage
