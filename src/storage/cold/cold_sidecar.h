// What we keep of a cold object so that its zone maps need no read of it and every piece that is
// read of it can be verified: docs/formats/cold_sidecar.md. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "io/object_store.h"
#include "storage/cold/cold_format.h"
#include "storage/cold/object_cache.h"
#include "storage/warm/segment_format.h"
#include "storage/zone_map.h"

namespace luma::storage {

inline constexpr uint32_t kColdSidecarVersion = 1;
inline constexpr size_t kColdSidecarHeaderBytes = 56;
// What one checksum of an object covers: as ObjectCache wants it.
inline constexpr uint32_t kColdPieceBytes = 64 << 10;
static_assert(kColdPieceBytes == kCacheCheckedBytes);

// A cold run has the blocks, and so the zone maps, of the segment file it came from; a row group
// holds the rows of several.
inline constexpr uint32_t kColdBlocksPerGroup = kColdGroupRows / kBlockRows;
static_assert(kColdGroupRows % kBlockRows == 0);

// Without overflow: a run may have almost 2^32 rows.
constexpr uint32_t BlocksOf(uint32_t rows, uint32_t block_rows) {
  return rows / block_rows + (rows % block_rows == 0 ? 0 : 1);
}

struct ColdSidecar {
  ObjectId table_id{};
  RunId run_id{};
  uint64_t writer_epoch = 0;
  uint32_t row_count = 0;
  io::ObjectDigest object;
  std::vector<ColdColumn> columns;     // in the order of the table
  std::vector<uint32_t> piece_crc32c;  // of each piece of the object, in order
  std::vector<ZoneMap> zones;          // all columns of the first block, then of the next

  uint32_t block_count() const { return BlocksOf(row_count, kBlockRows); }
  uint32_t BlockRows(uint32_t block) const {
    return block + 1 < block_count() ? kBlockRows : row_count - block * kBlockRows;
  }
  uint32_t group_count() const { return BlocksOf(row_count, kColdGroupRows); }
  // Position in `columns`; nothing when the object was written without the column.
  std::optional<size_t> FindColumn(ColumnId id) const;
  const ZoneMap& Zone(size_t column, uint32_t block) const {
    return zones[size_t{block} * columns.size() + column];
  }
};

Bytes EncodeColdSidecar(const ColdSidecar& sidecar);
// The checksum that the last 4 bytes hold, which identifies the sidecar in the manifest.
uint32_t ColdSidecarCrc(ByteSpan encoded);
// Errors: kCorruption, kUnsupported for another version.
Result<ColdSidecar> DecodeColdSidecar(ByteSpan bytes);

}  // namespace luma::storage
