// The file that lists series partitions: docs/formats/series_partition.md, "index".
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "storage/manifest/manifest_state.h"
#include "storage/metrics/postings.h"

namespace luma::storage {

struct SeriesIndexFile {
  struct Partition {
    uint64_t number = 0;
    uint32_t crc = 0;   // of its directory
    SeriesBitmap gone;  // series of the partition that are not retired in it any more
  };
  DatabaseUuid uuid{};
  uint64_t epoch = 0;  // of the start that wrote it; 0: not known
  uint64_t next_number = 1;
  std::vector<Partition> partitions = {};
};

Bytes EncodeSeriesIndex(const SeriesIndexFile& index);
// Errors: kCorruption; kUnsupported for a later version.
Result<SeriesIndexFile> DecodeSeriesIndex(ByteSpan bytes);

}  // namespace luma::storage
