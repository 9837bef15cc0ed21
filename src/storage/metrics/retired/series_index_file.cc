#include "storage/metrics/retired/series_index_file.h"

#include <algorithm>
#include <string_view>

#include "base/crc32c.h"
#include "storage/metrics/retired/id_runs.h"

namespace luma::storage {
namespace {

constexpr std::string_view kMagic = "LUMASIDX";
constexpr uint32_t kVersion = 3;

}  // namespace

Bytes EncodeSeriesIndex(const SeriesIndexFile& index) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.Raw(AsBytes(kMagic));
  out.Fixed(kVersion);
  out.Raw(index.uuid);
  out.Fixed(index.epoch);
  out.Fixed(index.next_number);
  out.Varint(index.partitions.size());
  for (const SeriesIndexFile::Partition& partition : index.partitions) {
    out.Varint(partition.number);
    out.Fixed(partition.crc);
    AppendIdRuns(partition.gone, out);
  }
  out.Fixed(Crc32c(bytes));
  return bytes;
}

Result<SeriesIndexFile> DecodeSeriesIndex(ByteSpan bytes) {
  const Status bad = Status::Corruption("bad list of series partitions");
  if (bytes.size() < sizeof(uint32_t)) return bad;
  const ByteSpan content = bytes.first(bytes.size() - sizeof(uint32_t));
  if (LoadLe<uint32_t>(bytes.data() + content.size()) != Crc32c(content)) return bad;
  ByteReader in(content);
  if (AsText(in.Raw(kMagic.size())) != kMagic) return bad;
  const auto version = in.Fixed<uint32_t>();
  if (version != kVersion) {
    return Status::Unsupported("unknown version of the list of series partitions: version=",
                               version);
  }
  SeriesIndexFile index;
  std::ranges::copy(in.Raw(index.uuid.size()), index.uuid.begin());
  index.epoch = in.Fixed<uint64_t>();
  index.next_number = in.Fixed<uint64_t>();
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
    const uint64_t number = in.Varint();
    const auto crc = in.Fixed<uint32_t>();
    LUMA_ASSIGN_OR_RETURN(SeriesBitmap gone, ReadIdRuns(in));
    index.partitions.push_back({.number = number, .crc = crc, .gone = std::move(gone)});
  }
  if (!in.ok() || in.remaining() != 0) return bad;
  return index;
}

}  // namespace luma::storage
