// A series partition: the labels and the label index of series that are not in memory, in one
// immutable file (docs/formats/series_partition.md).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/status.h"
#include "encoding/aligned_buffer.h"
#include "io/file_system.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "model/sample.h"
#include "storage/metrics/postings.h"
#include "storage/metrics/retired/hash_filter.h"
#include "storage/metrics/text_set.h"

namespace luma::storage {

class PartitionLabels;

// In memory: the ids, a filter of hashes, and where blocks begin. The rest is read when it is asked
// for; a block of 16 KiB or so at a time, decompressed for the call alone.
// Immutable. Threads: any.
// Errors, of all that read: kIoError; kCorruption names the file. is_damaged() from then on: what
// cannot be read does not count, whatever the reason.
class SeriesPartition {
 public:
  // Errors: kUnsupported too, for a later version.
  static Result<std::shared_ptr<const SeriesPartition>> Open(
      std::shared_ptr<const io::RandomAccessFile> file);

  TimeRange times() const { return times_; }  // no series has samples outside
  const SeriesBitmap& ids() const { return ids_; }
  uint64_t file_bytes() const { return file_bytes_; }
  // Of the directory, which has that of every block: no other file has the same.
  uint32_t directory_crc() const { return directory_crc_; }
  size_t allocated_bytes() const;
  bool is_damaged() const { return is_damaged_.load(std::memory_order_relaxed); }

  // Takes from `ids` the series that `matcher` refuses.
  Status Filter(const Matcher& matcher, SeriesBitmap& ids) const;
  // The series of these hashes, which ascend. That there is none is mostly known without reading.
  Result<SeriesBitmap> Find(std::span<const Hash128> hashes) const;
  // Of `ids`, which are of the partition, ascending.
  Status VisitLabels(const SeriesBitmap& ids,
                     const std::function<Status(uint32_t, LabelsView)>& visit) const;
  // What series of `ids` have.
  Status AddLabelNames(const SeriesBitmap& ids, TextSet& names) const;
  Status AddLabelValues(std::string_view name, const SeriesBitmap& ids, TextSet& values) const;

 private:
  friend class PartitionLabels;

  struct Block {
    uint64_t offset = 0;
    uint32_t bytes = 0;
    uint32_t crc = 0;
  };
  struct HashBlock {
    uint64_t first;
    Block block;
  };
  struct ValueBlock {
    std::string first;
    Block block;
  };
  struct Name {
    std::string name;
    Block all;  // the series that have the label
    std::vector<ValueBlock> values;
  };
  using VisitValue = std::function<Status(std::string_view value, ByteReader postings)>;

  explicit SeriesPartition(std::shared_ptr<const io::RandomAccessFile> file)
      : file_(std::move(file)) {}

  Status ReadDirectory();
  Status ParseDirectory(ByteSpan bytes, uint64_t blocks_end);
  Status ParseNames(ByteReader& in, uint64_t& offset);
  // The next block of the file, behind the others.
  static Block ParseBlock(ByteReader& in, uint64_t& offset);
  Status Damaged(std::string_view what) const;
  Status ReadBlock(const Block& block, encoding::AlignedBuffer& content) const;
  const Name* FindName(std::string_view name) const;
  Status VisitBlock(const Block& block, const VisitValue& visit) const;
  Result<SeriesBitmap> ReadPostings(ByteReader postings) const;
  // Series of the values of the matcher's name for which it gives `verdict`.
  Result<SeriesBitmap> SeriesWith(const Matcher& matcher, bool verdict) const;
  struct Candidate {
    uint32_t id;
    Hash128 hash;
  };
  // Series of which half the hash is one of `hashes`, which ascend.
  Status AddCandidates(std::span<const Hash128> hashes, std::vector<Candidate>& found) const;
  Status AddLiterals(const Name& name, std::vector<std::string> literals,
                     SeriesBitmap& series) const;

  const std::shared_ptr<const io::RandomAccessFile> file_;
  mutable std::atomic<bool> is_damaged_{false};
  uint64_t file_bytes_ = 0;
  uint32_t directory_crc_ = 0;
  TimeRange times_;
  SeriesBitmap ids_;
  std::vector<Block> label_blocks_;
  std::vector<HashBlock> hash_blocks_;
  std::vector<Name> names_;  // sorted
  HashFilter filter_;
};

// Reads the labels of one series after another, cheaply if their ids ascend: it keeps a block.
// Thread-compatible. Lifetime: the partition outlives it.
class PartitionLabels {
 public:
  explicit PartitionLabels(const SeriesPartition& partition) : partition_(partition) {}

  // `id` is of the partition. Valid until the next call.
  Result<LabelsView> Of(uint32_t id);

 private:
  Status Load(size_t block);

  const SeriesPartition& partition_;
  std::optional<size_t> block_;
  encoding::AlignedBuffer content_;
  std::vector<LabelsView> labels_;
};

}  // namespace luma::storage
