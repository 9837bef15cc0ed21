// `lumadb inspect`: any file of a data directory in words.
#pragma once

#include <ostream>
#include <string>

#include "base/status.h"
#include "io/file_system.h"

namespace luma::server {

// Prints what is in the file, or in every file of a folder and of the folders in it. Which format a
// file has is seen from its name, or from its first bytes when the name says nothing. Only reads,
// so it is safe beside a running server, whose files may then be seen half written. Errors:
// kInvalidArgument for a file of no format of ours, else those of the format's reader.
Status Inspect(io::FileSystem& fs, const io::Path& path, std::ostream& out);

}  // namespace luma::server
