#include "storage/metrics/retired/series_partition_builder.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>

#include "base/check.h"
#include "base/crc32c.h"
#include "encoding/zstd_pass.h"
#include "storage/metrics/retired/hash_filter.h"
#include "storage/metrics/retired/id_runs.h"
#include "storage/metrics/retired/partition_format.h"

namespace luma::storage {
namespace {

constexpr int kCompressionLevel = 3;
// A series: its hash, twice while that vector grows, and in blocks and the filter of the file.
constexpr uint64_t kBytesPerSeries = 80;
// A label of a series: its id among the postings, there and in the file.
constexpr uint64_t kBytesPerLabel = 8;
// A new label, but for its text: what LabelIndex has of it, and where Finish sorts it.
constexpr uint64_t kBytesPerPair = 80;

}  // namespace

void SeriesPartitionBuilder::Add(uint32_t id, LabelsView labels) {
  LUMA_CHECK(ids_.isEmpty() || id > ids_.maximum());
  if (hashes_.size() % kLabelsPerBlock == 0) FinishLabels();
  ByteWriter(labels_).LengthPrefixed(labels.canonical());
  ids_.add(id);
  hashes_.push_back({.hash = labels.Hash(), .id = id});
  bytes_ += kBytesPerSeries;
  const char* begin = labels.canonical().data();
  for (const LabelRef& label : labels) {
    const char* const end = label.value.data() + label.value.size();
    const PairFragment fragment(begin, static_cast<size_t>(end - begin));
    const size_t pairs = index_.pair_count();
    index_.AddSeries(index_.Intern(fragment), id);
    bytes_ += kBytesPerLabel;
    // In the index, and in the file that Finish makes, or as long as nothing is compressed.
    if (index_.pair_count() > pairs) bytes_ += kBytesPerPair + 3 * fragment.size();
    begin = end;
  }
}

void SeriesPartitionBuilder::FinishLabels() {
  if (file_.empty()) {
    ByteWriter header(file_);
    header.Raw(AsBytes(kPartitionMagic));
    header.Fixed(kPartitionVersion);
    LUMA_CHECK(header.size() == kPartitionHeaderBytes);
  }
  if (labels_.empty()) return;
  label_blocks_.push_back(WriteBlock(labels_));
  labels_.clear();
}

SeriesPartitionBuilder::Block SeriesPartitionBuilder::WriteBlock(ByteSpan content) {
  const size_t begin = file_.size();
  file_.push_back(std::byte{1});
  if (!encoding::AppendCompressed(content, kCompressionLevel, file_)) {
    file_[begin] = std::byte{0};
    ByteWriter(file_).Raw(content);
  }
  const ByteSpan block = ByteSpan(file_).subspan(begin);
  return {.bytes = static_cast<uint32_t>(block.size()), .crc = Crc32c(block)};
}

Bytes SeriesPartitionBuilder::Finish(TimeRange times) {
  FinishLabels();
  Bytes bytes;
  ByteWriter directory(bytes);
  directory.Fixed(times.min);
  directory.Fixed(times.max);
  AppendIdRuns(ids_, directory);
  WriteLabels(directory);
  WriteHashes(directory);
  WriteNames(directory);
  WriteFilter(directory);
  const uint64_t offset = file_.size();
  ByteWriter out(file_);
  out.Raw(bytes);
  out.Fixed(offset);
  out.Fixed(static_cast<uint32_t>(bytes.size()));
  out.Fixed(Crc32c(bytes));
  out.Raw(AsBytes(kPartitionMagic));
  return std::move(file_);
}

void SeriesPartitionBuilder::WriteLabels(ByteWriter& directory) {
  directory.Varint(label_blocks_.size());
  for (const Block& block : label_blocks_) {
    directory.Varint(block.bytes);
    directory.Fixed(block.crc);
  }
}

void SeriesPartitionBuilder::WriteHashes(ByteWriter& directory) {
  std::ranges::sort(hashes_, {},
                    [](const Hashed& one) { return std::tuple(one.hash.low, one.id); });
  directory.Varint((hashes_.size() + kHashesPerBlock - 1) / kHashesPerBlock);
  for (size_t begin = 0; begin < hashes_.size(); begin += kHashesPerBlock) {
    const size_t end = std::min(begin + kHashesPerBlock, hashes_.size());
    Bytes content;
    ByteWriter entries(content);
    for (size_t i = begin; i < end; ++i) {
      entries.Fixed(hashes_[i].hash.low);
      entries.Fixed(hashes_[i].id);
    }
    const Block block = WriteBlock(content);
    directory.Fixed(hashes_[begin].hash.low);
    directory.Varint(block.bytes);
    directory.Fixed(block.crc);
  }
}

void SeriesPartitionBuilder::WriteNames(ByteWriter& directory) {
  directory.Varint(index_.names().size());
  for (const auto& [name, pairs] : index_.names()) WriteName(name, pairs, directory);
}

void SeriesPartitionBuilder::WriteName(std::string_view name, const std::vector<PairId>& pairs,
                                       ByteWriter& directory) {
  std::vector<PairId> sorted = pairs;
  std::ranges::sort(sorted, {}, [this](PairId pair) { return index_.Label(pair).value; });
  SeriesBitmap with_name;
  for (const PairId pair : sorted) index_.SeriesOf(pair).AddTo(with_name);
  Bytes content;
  const auto write_block = [&] {
    const Block block = WriteBlock(content);
    content.clear();
    return block;
  };
  ByteWriter out(content);
  AppendIdRuns(with_name, out);
  const Block all = write_block();

  struct ValueBlock {
    std::string first;
    Block block;
  };
  std::vector<ValueBlock> blocks;
  for (size_t i = 0; i < sorted.size(); ++i) {
    const std::string_view value = index_.Label(sorted[i]).value;
    if (content.empty()) blocks.push_back({.first = std::string(value), .block = {}});
    SeriesBitmap ids;
    index_.SeriesOf(sorted[i]).AddTo(ids);
    Bytes runs;
    ByteWriter runs_out(runs);
    AppendIdRuns(ids, runs_out);
    out.LengthPrefixed(value);
    out.LengthPrefixed(AsText(runs));
    const bool is_last = i + 1 == sorted.size();
    if (content.size() >= kValueBlockBytes || is_last) blocks.back().block = write_block();
  }

  directory.LengthPrefixed(name);
  directory.Varint(all.bytes);
  directory.Fixed(all.crc);
  directory.Varint(blocks.size());
  for (const ValueBlock& one : blocks) {
    directory.LengthPrefixed(one.first);
    directory.Varint(one.block.bytes);
    directory.Fixed(one.block.crc);
  }
}

void SeriesPartitionBuilder::WriteFilter(ByteWriter& directory) const {
  HashFilter filter(hashes_.size());
  for (const Hashed& one : hashes_) filter.Add(one.hash);
  directory.LengthPrefixed(AsText(filter.bytes()));
}

}  // namespace luma::storage
