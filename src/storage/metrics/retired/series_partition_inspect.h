// Series partitions and the list of them in words, for `lumadb inspect`.
#pragma once

#include <ostream>

#include "base/status.h"
#include "io/file_system.h"

namespace luma::storage {

// Writes what the file holds, and every series of it up to the first damaged block. Errors: those
// of SeriesPartition.
Status DescribeSeriesPartition(io::FileSystem& fs, const io::Path& path, std::ostream& out);
// Errors: those of DecodeSeriesIndex.
Status DescribeSeriesIndex(io::FileSystem& fs, const io::Path& path, std::ostream& out);

}  // namespace luma::storage
