// What a segment file holds, in words, for `lumadb inspect`.
#pragma once

#include <ostream>
#include <string>

#include "base/status.h"
#include "encoding/block.h"
#include "io/file_system.h"

namespace luma::storage {

// "delta_of_delta", "dictionary+zstd".
std::string CodecText(const encoding::BlockDescription& block);

// Prints header, columns, and per block place, size, codec, checksum state and zone map. A damaged
// block is reported and the rest still printed. Errors: of SegmentReader::OpenUnknown; after
// printing, the first damaged block's.
Status DescribeSegment(io::FileSystem& fs, const io::Path& path, std::ostream& out);

}  // namespace luma::storage
