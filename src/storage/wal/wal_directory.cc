#include "storage/wal/wal_directory.h"

#include <algorithm>
#include <array>

#include "storage/wal/wal_spares.h"

namespace luma::storage {

Result<WalDirectory> ListWalDirectory(io::FileSystem& fs, const io::Path& directory) {
  WalDirectory found;
  LUMA_ASSIGN_OR_RETURN(const bool exists, fs.IsDirectory(directory));
  if (!exists) return found;
  LUMA_ASSIGN_OR_RETURN(const auto names, fs.List(directory));
  for (const std::string& name : names) {
    if (const auto sequence = ParseWalFileName(name)) found.sequences.push_back(*sequence);
    if (name.ends_with(kWalSpareSuffix)) found.spares.push_back(name);
    if (name.ends_with(kWalUnfinishedSuffix)) found.unfinished.push_back(name);
  }
  std::sort(found.sequences.begin(), found.sequences.end());
  return found;
}

Result<WalFile> OpenWalFile(io::FileSystem& fs, const io::Path& directory, uint64_t sequence) {
  const io::Path path = io::JoinPath(directory, WalFileName(sequence));
  LUMA_ASSIGN_OR_RETURN(const auto file, fs.OpenForRead(path));
  std::array<std::byte, kWalFileHeaderBytes> bytes;
  LUMA_RETURN_IF_ERROR(file->ReadAt(0, bytes));
  LUMA_ASSIGN_OR_RETURN(const DecodedWalFileHeader decoded, DecodeWalFileHeader(bytes, path));
  if (decoded.header.id.sequence != sequence) {
    return Status::Corruption("log file has another file's header: path=", path,
                              " offset=32 sequence=", decoded.header.id.sequence);
  }
  LUMA_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  if (decoded.header.file_bytes != size) {
    return Status::Corruption("log file has the wrong size: path=", path, " offset=", size,
                              " file_bytes=", decoded.header.file_bytes);
  }
  return WalFile{path, decoded.header, decoded.crc};
}

Result<Bytes> ReadWalFile(io::FileSystem& fs, const WalFile& file, uint64_t end) {
  LUMA_ASSIGN_OR_RETURN(const auto opened, fs.OpenForRead(file.path));
  Bytes bytes(end);
  LUMA_RETURN_IF_ERROR(opened->ReadAt(0, bytes));
  return bytes;
}

}  // namespace luma::storage
