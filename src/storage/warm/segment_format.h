// The fixed parts of a segment file and its footer, to bytes and back: docs/formats/segment.md.
// Pure functions; files are the business of segment_writer.h and segment_reader.h.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "encoding/block.h"
#include "model/schema.h"
#include "storage/table_snapshot.h"
#include "storage/zone_map.h"

namespace luma::storage {

inline constexpr uint32_t kBlockRows = 16384;  // a multiple of DuckDB's vector of 2048 rows
// What writers write; readers read every version up to it.
inline constexpr uint32_t kSegmentVersion = 3;
inline constexpr size_t kSegmentHeaderBytes = 32;
inline constexpr size_t kSegmentTrailerBytes = 12;

struct SegmentColumn {
  ColumnId id{};
  PhysicalType type = PhysicalType::kInt64;
  bool operator==(const SegmentColumn&) const = default;
};

// Which run of which table a segment holds.
struct SegmentIdentity {
  ObjectId table_id{};
  RunId run_id{};
  uint64_t writer_epoch = 0;
  uint32_t version = kSegmentVersion;  // of the file's format
};

// The codecs that its blocks may have are those below this number.
constexpr int SegmentCodecCount(uint32_t version) {
  return version == 1 ? encoding::kFirstCodecCount : encoding::kCodecCount;
}

struct SegmentBlock {
  uint64_t offset = 0;  // in the file
  uint64_t bytes = 0;
  uint32_t crc32c = 0;
  ZoneMap zone;
};

struct SegmentFooter {
  uint32_t row_count = 0;
  std::vector<SegmentColumn> columns;
  std::vector<SegmentBlock> blocks;  // file order: all columns of the first rows, then of the next

  uint32_t block_count() const { return (row_count + kBlockRows - 1) / kBlockRows; }
  uint32_t BlockRowCount(uint32_t block) const {
    return block + 1 < block_count() ? kBlockRows : row_count - block * kBlockRows;
  }
};

struct SegmentTrailer {
  uint32_t footer_bytes = 0;
  uint32_t footer_crc32c = 0;
};

Bytes EncodeSegmentHeader(const SegmentIdentity& identity);
// `bytes` has kSegmentHeaderBytes. Errors: kCorruption, kUnsupported for a later version.
Result<SegmentIdentity> DecodeSegmentHeader(ByteSpan bytes);

Bytes EncodeSegmentFooter(const SegmentFooter& footer);
// Errors: kCorruption. Bounds every count by the bytes there are; the blocks it returns lie end to
// end from kSegmentHeaderBytes to `footer_offset`.
Result<SegmentFooter> DecodeSegmentFooter(ByteSpan bytes, uint64_t footer_offset);

Bytes EncodeSegmentTrailer(const SegmentTrailer& trailer);
// `bytes` has kSegmentTrailerBytes. Errors: kCorruption.
Result<SegmentTrailer> DecodeSegmentTrailer(ByteSpan bytes);

uint32_t SegmentBlockCrc(const SegmentIdentity& identity, uint64_t offset, ByteSpan block);
// Of a file of version 3 or later, which `header` (kSegmentHeaderBytes) says it is, or an older
// one.
uint32_t SegmentFooterCrc(ByteSpan header, uint64_t footer_offset, ByteSpan footer);

}  // namespace luma::storage
