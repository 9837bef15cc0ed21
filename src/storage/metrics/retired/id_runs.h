// Sets of series ids as bytes: runs of neighbours, since ids are given in order and series that
// come together go together. docs/formats/series_partition.md.
#pragma once

#include "base/bytes.h"
#include "base/status.h"
#include "storage/metrics/postings.h"

namespace luma::storage {

void AppendIdRuns(const SeriesBitmap& ids, ByteWriter& out);

// Reads what AppendIdRuns wrote. Errors: kCorruption. Memory: bounded by that of the bytes, and by
// 512 MiB.
Result<SeriesBitmap> ReadIdRuns(ByteReader& in);

}  // namespace luma::storage
