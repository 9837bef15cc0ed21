// Hostile partitions whose checksums all fit, chosen by the first byte: a directory of any bytes;
// blocks of any bytes below a good directory; and a list of partitions of any bytes. Whatever opens
// is asked everything: an answer or an error.
#include <algorithm>
#include <memory>
#include <set>

#include "base/check.h"
#include "base/crc32c.h"
#include "storage/metrics/retired/id_runs.h"
#include "storage/metrics/retired/partition_format.h"
#include "storage/metrics/retired/series_index_file.h"
#include "storage/metrics/retired/series_partition.h"

namespace luma::storage {
namespace {

class MemoryFile final : public io::RandomAccessFile {
 public:
  explicit MemoryFile(Bytes bytes) : bytes_(std::move(bytes)) {}

  Result<size_t> ReadSome(uint64_t offset, std::span<std::byte> to) const override {
    if (offset >= bytes_.size()) return size_t{0};
    const size_t count = std::min<uint64_t>(to.size(), bytes_.size() - offset);
    std::copy_n(bytes_.begin() + static_cast<ptrdiff_t>(offset), count, to.begin());
    return count;
  }
  Result<uint64_t> Size() const override { return bytes_.size(); }
  Result<std::shared_ptr<const io::Mapping>> Map() const override {
    return Status::Unsupported("not mapped");
  }
  const io::Path& path() const override { return path_; }

 private:
  const Bytes bytes_;
  const io::Path path_ = "fuzz";
};

Bytes Header() {
  Bytes file;
  ByteWriter out(file);
  out.Raw(AsBytes(kPartitionMagic));
  out.Fixed(kPartitionVersion);
  return file;
}

std::shared_ptr<const MemoryFile> Finish(Bytes file, ByteSpan directory) {
  const uint64_t offset = file.size();
  ByteWriter out(file);
  out.Raw(directory);
  out.Fixed(offset);
  out.Fixed(static_cast<uint32_t>(directory.size()));
  out.Fixed(Crc32c(directory));
  out.Raw(AsBytes(kPartitionMagic));
  return std::make_shared<const MemoryFile>(std::move(file));
}

// Any blocks, and a directory of any bytes.
std::shared_ptr<const MemoryFile> FileOfAnyDirectory(ByteReader& reader) {
  Bytes file = Header();
  ByteWriter(file).Raw(reader.Raw(std::min<size_t>(reader.Fixed<uint8_t>(), reader.remaining())));
  return Finish(std::move(file), reader.Raw(reader.remaining()));
}

// Takes as many of the input's bytes as the input says.
void AddBlock(ByteReader& reader, Bytes& file, ByteWriter& directory) {
  const ByteSpan block = reader.Raw(std::min<size_t>(reader.Fixed<uint16_t>(), reader.remaining()));
  ByteWriter(file).Raw(block);
  directory.Varint(block.size());
  directory.Fixed(Crc32c(block));
}

// One label name with one block of values.
std::shared_ptr<const MemoryFile> FileOfAnyBlocks(ByteReader& reader) {
  Bytes file = Header();
  Bytes bytes;
  ByteWriter directory(bytes);
  directory.Fixed(UnixMillis{0});
  directory.Fixed(UnixMillis{1});
  SeriesBitmap ids;
  ids.addRange(1, uint64_t{1} + reader.Fixed<uint8_t>() % kLabelsPerBlock + 1);
  AppendIdRuns(ids, directory);
  directory.Varint(1);
  AddBlock(reader, file, directory);
  directory.Varint(1);
  directory.Fixed(uint64_t{0});
  AddBlock(reader, file, directory);
  directory.Varint(1);
  directory.LengthPrefixed("name");
  AddBlock(reader, file, directory);
  directory.Varint(1);
  directory.LengthPrefixed("");
  AddBlock(reader, file, directory);
  directory.LengthPrefixed(std::string(64, '\xff'));  // a filter that lets all through
  return Finish(std::move(file), bytes);
}

void AskAll(const SeriesPartition& partition) {
  const Labels labels = *Labels::Of({{"name", "value"}});
  const Hash128 hash = labels.Hash();
  static_cast<void>(partition.Find({&hash, 1}).ok());
  for (const auto op : {MatchOp::kEqual, MatchOp::kNotRegex}) {
    SeriesBitmap ids = partition.ids();
    static_cast<void>(partition.Filter(*Matcher::Create("name", op, "value"), ids).ok());
    LUMA_CHECK(ids.isSubset(partition.ids()));
  }
  SeriesBitmap some;
  for (const uint32_t id : partition.ids()) {
    some.add(id);
    if (some.cardinality() > 1000) break;
  }
  const auto visit = [](uint32_t, LabelsView of_series) {
    LUMA_CHECK(CheckCanonical(of_series.canonical()).ok());
    return Status::Ok();
  };
  static_cast<void>(partition.VisitLabels(some, visit).ok());
  TextSet found(nullptr);
  static_cast<void>(partition.AddLabelNames(some, found).ok());
  static_cast<void>(partition.AddLabelValues("name", some, found).ok());
}

void AskPartition(const std::shared_ptr<const MemoryFile>& file) {
  const auto partition = SeriesPartition::Open(file);
  if (partition.ok()) AskAll(**partition);
}

// What decodes encodes to something that decodes to the same.
void DecodeList(ByteSpan content) {
  Bytes bytes(content.begin(), content.end());
  ByteWriter(bytes).Fixed(Crc32c(content));
  const auto list = DecodeSeriesIndex(bytes);
  if (!list.ok()) return;
  const Bytes once = EncodeSeriesIndex(*list);
  const auto again = DecodeSeriesIndex(once);
  LUMA_CHECK(again.ok());
  LUMA_CHECK(EncodeSeriesIndex(*again) == once);
}

}  // namespace
}  // namespace luma::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  luma::ByteReader reader({reinterpret_cast<const std::byte*>(data), size});
  switch (reader.Fixed<uint8_t>() % 3) {
    case 0:
      luma::storage::AskPartition(luma::storage::FileOfAnyDirectory(reader));
      break;
    case 1:
      luma::storage::AskPartition(luma::storage::FileOfAnyBlocks(reader));
      break;
    default:
      luma::storage::DecodeList(reader.Raw(reader.remaining()));
  }
  return 0;
}
