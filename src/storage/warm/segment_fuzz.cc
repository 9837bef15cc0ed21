// Two ways to meet a hostile segment, chosen by the first byte: a footer of any bytes; and a file
// whose checksums all fit but whose blocks hold any bytes, opened and read to the end.
#include <algorithm>

#include "base/check.h"
#include "io/sim_disk.h"
#include "storage/warm/segment_format.h"
#include "storage/warm/segment_reader.h"

namespace luma::storage {
namespace {

constexpr uint32_t kRowsMax = 2 * kBlockRows + 100;

void DecodeFooter(ByteReader& reader) {
  const auto footer_offset = reader.Fixed<uint32_t>();
  static_cast<void>(DecodeSegmentFooter(reader.Raw(reader.remaining()), footer_offset).ok());
}

// One column; each block takes as many of the input's bytes as the input says.
Bytes FileWithBlocks(ByteReader& reader) {
  const SegmentIdentity identity;
  SegmentFooter footer;
  footer.row_count = reader.Fixed<uint32_t>() % kRowsMax + 1;
  footer.columns = {
      {ColumnId{1}, static_cast<PhysicalType>(reader.Fixed<uint8_t>() % kPhysicalTypeCount)}};
  Bytes file = EncodeSegmentHeader(identity);
  const Bytes header = file;
  for (uint32_t i = 0; i < footer.block_count(); ++i) {
    const ByteSpan block =
        reader.Raw(std::min<size_t>(reader.Fixed<uint16_t>(), reader.remaining()));
    SegmentBlock entry{
        file.size(), block.size(), SegmentBlockCrc(identity, file.size(), block), {}};
    entry.zone.type = footer.columns[0].type;
    footer.blocks.push_back(entry);
    ByteWriter(file).Raw(block);
  }
  const uint64_t footer_offset = file.size();
  const Bytes footer_bytes = EncodeSegmentFooter(footer);
  ByteWriter writer(file);
  writer.Raw(footer_bytes);
  writer.Raw(EncodeSegmentTrailer({static_cast<uint32_t>(footer_bytes.size()),
                                   SegmentFooterCrc(header, footer_offset, footer_bytes)}));
  return file;
}

void ReadFile(ByteReader& reader) {
  io::SimDisk disk;
  LUMA_CHECK(io::WriteFileAtomically(disk, "run", FileWithBlocks(reader)).ok());
  const auto segment = SegmentReader::OpenUnknown(disk, "run");
  LUMA_CHECK(segment.ok());
  for (uint32_t block = 0; block < (*segment)->block_count(); ++block) {
    const auto decoded = (*segment)->ReadBlock(ColumnId{1}, block);
    LUMA_CHECK(decoded.ok() || decoded.status().code() == StatusCode::kCorruption);
  }
}

}  // namespace
}  // namespace luma::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  luma::ByteReader reader({reinterpret_cast<const std::byte*>(data), size});
  if (reader.Fixed<uint8_t>() % 2 == 0) {
    luma::storage::DecodeFooter(reader);
  } else {
    luma::storage::ReadFile(reader);
  }
  return 0;
}
