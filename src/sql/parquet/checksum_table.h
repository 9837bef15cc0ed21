// The part of a cold file that is ours: checksums between the last row group and Parquet's footer.
// Format: docs/formats/cold_parquet.md. Bytes in, bytes out.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "storage/cold/cold_format.h"

namespace luma::sql {

// Where the values of one column of one row group lie.
struct ChunkExtent {
  uint64_t offset = 0;
  uint64_t bytes = 0;
  uint32_t crc32c = 0;
};

struct ChecksumTable {
  uint32_t column_count = 0;
  std::vector<ChunkExtent> extents;  // row group after row group

  uint32_t group_count() const {
    return column_count == 0 ? 0 : static_cast<uint32_t>(extents.size() / column_count);
  }
  const ChunkExtent& At(uint32_t group, uint32_t column) const {
    return extents[group * column_count + column];
  }
};

inline constexpr size_t kParquetFrameBytes = 8;  // after FileMetaData: its length and "PAR1"

// All bytes of a file after its last row group. `footer` is FileMetaData.
Bytes EncodeFileTail(const ChecksumTable& table, ByteSpan footer);

struct FileTail {
  ChecksumTable table;
  Bytes footer;
};
// Reads and checks the end of a file, with one read for most files. Errors: those of `bytes`;
// kCorruption names the file.
Result<FileTail> ReadFileTail(const storage::ColdBytes& bytes);

}  // namespace luma::sql
