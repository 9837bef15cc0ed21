#include "io/file_system.h"

namespace luma::io {

Path JoinPath(std::string_view directory, std::string_view name) {
  Path path(directory);
  if (!path.empty() && path.back() != '/') path += '/';
  return path.append(name);
}

Path ParentPath(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return Path(path.substr(0, slash == 0 ? 1 : slash));
}

Status RandomAccessFile::ReadAt(uint64_t offset, std::span<std::byte> to) const {
  LUMA_ASSIGN_OR_RETURN(const size_t count, ReadSome(offset, to));
  if (count == to.size()) return Status::Ok();
  return Status::Corruption("file ends inside a read: path=", path(), " offset=", offset,
                            " wanted_bytes=", to.size(), " got_bytes=", count);
}

Result<Bytes> ReadFile(FileSystem& fs, const Path& path) {
  LUMA_ASSIGN_OR_RETURN(const auto file, fs.OpenForRead(path));
  LUMA_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  Bytes bytes(size);
  LUMA_RETURN_IF_ERROR(file->ReadAt(0, bytes));
  return bytes;
}

Status WriteFileAtomically(FileSystem& fs, const Path& path, ByteSpan bytes) {
  const Path temporary = path + ".tmp";
  {
    LUMA_ASSIGN_OR_RETURN(const auto file, fs.Create(temporary, CreateMode::kTruncate));
    LUMA_RETURN_IF_ERROR(file->Append(bytes));
    LUMA_RETURN_IF_ERROR(file->Sync());  // before the rename, which may become durable by itself
    LUMA_RETURN_IF_ERROR(file->Close());
  }
  LUMA_RETURN_IF_ERROR(fs.Rename(temporary, path));
  return fs.SyncDirectory(ParentPath(path));
}

}  // namespace luma::io
