// Which files a log directory holds, and reading one of them. See docs/formats/wal.md, "Directory".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "storage/wal/wal_format.h"

namespace luma::storage {

struct WalDirectory {
  std::vector<uint64_t> sequences;      // of the log files, ascending
  std::vector<std::string> spares;      // names of preallocated files
  std::vector<std::string> unfinished;  // names of spares whose preparation was interrupted
};

// Empty if the directory does not exist. Files with other names are left out.
Result<WalDirectory> ListWalDirectory(io::FileSystem& fs, const io::Path& directory);

struct WalFile {
  io::Path path;
  WalFileHeader header;
  uint32_t header_crc = 0;
};

// Reads and checks header, name and size. kCorruption, kUnsupported, or an I/O error.
Result<WalFile> OpenWalFile(io::FileSystem& fs, const io::Path& directory, uint64_t sequence);
// Bytes [0, end) of the file; `end` must not exceed header.file_bytes.
Result<Bytes> ReadWalFile(io::FileSystem& fs, const WalFile& file, uint64_t end);

}  // namespace luma::storage
