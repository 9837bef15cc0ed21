// Verifies one segment file.
#pragma once

#include <cstdint>
#include <functional>

#include "base/status.h"
#include "storage/warm/segment_reader.h"

namespace luma::storage {

// Reads every block of an open file, whose footer is verified: checksum, decoding, and whether the
// zone map is that of the values. `on_block` is told each block's bytes. The first damage is the
// result: kCorruption with file and offset. Errors: kIoError; those of `on_block`.
Status CheckSegment(const SegmentReader& reader,
                    const std::function<Status(uint64_t bytes)>& on_block);

}  // namespace luma::storage
