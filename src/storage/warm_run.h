// A run in a segment file.
#pragma once

#include <memory>
#include <string>

#include "io/file_system.h"
#include "storage/block_cache.h"
#include "storage/stored_run.h"
#include "storage/warm/segment_reader.h"

namespace luma::storage {

// Threads: any. Lifetime: `fs` and `cache` must outlive it.
class WarmRun final : public StoredRun {
 public:
  // `cache` may be null: then every read reads the file.
  WarmRun(io::FileSystem& fs, std::string file_name, uint64_t file_bytes, uint32_t layout,
          std::shared_ptr<const SegmentReader> reader, BlockCache* cache)
      : StoredRun(reader->identity().run_id, Tier::kWarm),
        fs_(fs),
        cache_(cache),
        cache_number_(cache == nullptr ? 0 : cache->NextSegmentNumber()),
        file_name_(std::move(file_name)),
        file_bytes_(file_bytes),
        layout_(layout),
        reader_(std::move(reader)) {}
  // Removes the file if it is obsolete.
  ~WarmRun() override;

  const std::string& file_name() const { return file_name_; }
  const SegmentReader& reader() const { return *reader_; }

  const std::string& name() const override { return file_name_; }
  std::span<const SegmentColumn> columns() const override { return reader_->columns(); }
  Result<ColumnBlock> ReadOnce(const ColumnSchema& column, uint32_t block,
                               ReadCost& cost) const override;
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
};

}  // namespace luma::storage
