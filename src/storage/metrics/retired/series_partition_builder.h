// Makes the bytes of a series partition (docs/formats/series_partition.md).
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/hash.h"
#include "model/labels.h"
#include "model/sample.h"
#include "storage/metrics/label_index.h"
#include "storage/metrics/postings.h"

namespace luma::storage {

// Thread-compatible.
class SeriesPartitionBuilder {
 public:
  // Ids ascend.
  void Add(uint32_t id, LabelsView labels);
  size_t size() const { return hashes_.size(); }
  // What it takes, with what Finish takes on top: at most. The file is there twice while it grows.
  uint64_t bytes() const { return bytes_ + 2 * file_.size() + labels_.size(); }

  // `times`: no series of the partition has a sample outside. Nothing can be added afterwards.
  Bytes Finish(TimeRange times);

 private:
  struct Block {
    uint32_t bytes;
    uint32_t crc;
  };
  struct Hashed {
    Hash128 hash;
    uint32_t id;
  };

  // Writes a block of the file, compressed if that helps.
  Block WriteBlock(ByteSpan content);
  void FinishLabels();
  // Each appends its part of the directory.
  void WriteLabels(ByteWriter& directory);
  void WriteHashes(ByteWriter& directory);
  void WriteNames(ByteWriter& directory);
  void WriteName(std::string_view name, const std::vector<PairId>& pairs, ByteWriter& directory);
  void WriteFilter(ByteWriter& directory) const;

  uint64_t bytes_ = 0;  // of all but file_ and labels_
  Bytes file_;
  Bytes labels_;  // of the block that grows
  std::vector<Block> label_blocks_;
  std::vector<Hashed> hashes_;
  SeriesBitmap ids_;
  LabelIndex index_;
};

}  // namespace luma::storage
