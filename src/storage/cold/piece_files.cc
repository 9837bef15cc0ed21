#include "storage/cold/piece_files.h"

#include <utility>

#include "base/log.h"

namespace luma::storage {

Result<std::unique_ptr<PieceFiles>> PieceFiles::Open(io::FileSystem& fs, io::Path directory,
                                                     uint64_t bytes_max) {
  LUMA_RETURN_IF_ERROR(fs.CreateDirectories(directory));
  std::unique_ptr<PieceFiles> files(new PieceFiles(fs, std::move(directory), bytes_max));
  LUMA_RETURN_IF_ERROR(files->AddExisting());
  return files;
}

Status PieceFiles::AddExisting() {
  LUMA_ASSIGN_OR_RETURN(const auto names, fs_.List(directory_));
  MutexLock lock(mutex_);
  for (const std::string& name : names) {
    LUMA_ASSIGN_OR_RETURN(const uint64_t bytes, fs_.FileSize(PathOf(name)));
    Add(name, bytes);
  }
  return Status::Ok();
}

bool PieceFiles::Read(const std::string& name, uint64_t offset, std::span<std::byte> out) {
  if (!MarkUsed(name)) return false;
  const auto file = fs_.OpenForRead(PathOf(name));
  const bool is_read = file.ok() && (*file)->ReadAt(offset, out).ok();
  if (!is_read) Drop(name);
  return is_read;
}

bool PieceFiles::MarkUsed(const std::string& name) {
  MutexLock lock(mutex_);
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return false;
  pieces_.splice(pieces_.begin(), pieces_, found->second);
  return true;
}

void PieceFiles::Keep(const std::string& name, ByteSpan bytes) {
  if (bytes.size() > bytes_max_) return;
  const auto free_bytes = fs_.FreeBytes(directory_);
  if (!free_bytes.ok() || *free_bytes < kFreeBytesMin + bytes.size()) return;
  if (!Write(name, bytes)) {
    static_cast<void>(fs_.Remove(PathOf(name)));  // it may not even be there
    return;
  }
  MutexLock lock(mutex_);
  Add(name, bytes.size());
}

bool PieceFiles::Write(const std::string& name, ByteSpan bytes) {
  const auto file = fs_.Create(PathOf(name), io::CreateMode::kTruncate);
  return file.ok() && (*file)->Append(bytes).ok() && (*file)->Close().ok();
}

void PieceFiles::Add(const std::string& name, uint64_t bytes) {
  if (by_name_.contains(name)) return;
  pieces_.push_front({name, bytes});
  by_name_[name] = pieces_.begin();
  bytes_ += bytes;
  while (bytes_ > bytes_max_) Erase(std::prev(pieces_.end()));
}

void PieceFiles::Drop(const std::string& name) {
  MutexLock lock(mutex_);
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) Erase(found->second);
}

void PieceFiles::Erase(std::list<Piece>::iterator piece) {
  const Status removed = fs_.Remove(PathOf(piece->name));
  if (!removed.ok() && removed.code() != StatusCode::kNotFound) {
    LUMA_LOG(kWarn, "storage", "a piece of the cold cache stays: {}", removed.message());
  }
  bytes_ -= piece->bytes;
  by_name_.erase(piece->name);
  pieces_.erase(piece);
}

uint64_t PieceFiles::bytes() const {
  MutexLock lock(mutex_);
  return bytes_;
}

}  // namespace luma::storage
