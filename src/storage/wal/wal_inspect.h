// What `lumadb inspect` prints about a log file.
#pragma once

#include <ostream>

#include "io/file_system.h"

namespace luma::storage {

// Prints header, records and the place of the first damage of one log file, one line each, without
// payloads. Damage is described, not returned: an error means that the file could not be read.
Status DescribeWal(io::FileSystem& fs, const io::Path& path, std::ostream& out);

}  // namespace luma::storage
