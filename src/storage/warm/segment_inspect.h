// What a segment file holds, in words, for `lumadb inspect`.
#pragma once

#include <ostream>

#include "base/status.h"
#include "io/file_system.h"

namespace luma::storage {

// Prints header, columns, and per block place, size, codec, checksum state and zone map. A damaged
// block is reported and the rest still printed. Errors: of SegmentReader::OpenUnknown; after
// printing, the first damaged block's.
Status DescribeSegment(io::FileSystem& fs, const io::Path& path, std::ostream& out);

}  // namespace luma::storage
