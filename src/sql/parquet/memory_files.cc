#include "sql/parquet/memory_files.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

namespace luma::sql {
namespace {

constexpr std::string_view kScheme = "luma-memory:";

class Handle final : public duckdb::FileHandle {
 public:
  Handle(MemoryFiles& files, const std::string& path, duckdb::FileOpenFlags flags,
         std::shared_ptr<MemoryFile> file_to_use)
      : FileHandle(files, path, flags), file(std::move(file_to_use)) {}
  void Close() override {}

  const std::shared_ptr<MemoryFile> file;
};

MemoryFile& FileOf(duckdb::FileHandle& handle) { return *static_cast<Handle&>(handle).file; }

size_t SlotOf(std::string_view path) {
  size_t slot = SIZE_MAX;
  std::from_chars(path.data() + kScheme.size(), path.data() + path.size(), slot);
  return slot;
}

}  // namespace

MemoryFiles::Name::Name(MemoryFiles& files, size_t slot)
    : files_(files), slot_(slot), path_(std::string(kScheme) + std::to_string(slot)) {}

MemoryFiles::Name::~Name() {
  MutexLock lock(files_.mutex_);
  files_.slots_[slot_] = nullptr;
}

std::unique_ptr<MemoryFiles::Name> MemoryFiles::Add(std::shared_ptr<MemoryFile> file) {
  MutexLock lock(mutex_);
  const auto free = std::ranges::find(slots_, nullptr);
  const auto slot = static_cast<size_t>(free - slots_.begin());
  if (free == slots_.end()) slots_.emplace_back();
  slots_[slot] = std::move(file);
  return std::make_unique<Name>(*this, slot);
}

bool MemoryFiles::CanHandleFile(const std::string& path) { return path.starts_with(kScheme); }

duckdb::unique_ptr<duckdb::FileHandle> MemoryFiles::OpenFile(
    const std::string& path, duckdb::FileOpenFlags flags,
    duckdb::optional_ptr<duckdb::FileOpener>) {
  const size_t slot = SlotOf(path);
  MutexLock lock(mutex_);
  if (slot >= slots_.size() || slots_[slot] == nullptr) {
    throw duckdb::IOException("no such file in memory: path=%s", path);
  }
  return duckdb::make_uniq<Handle>(*this, path, flags, slots_[slot]);
}

void MemoryFiles::Read(duckdb::FileHandle& handle, void* buffer, int64_t byte_count,
                       duckdb::idx_t location) {
  const MemoryFile& file = FileOf(handle);
  const auto count = static_cast<uint64_t>(byte_count);
  if (location > file.size_bytes || count > file.size_bytes - location) {
    throw duckdb::IOException("read past the end: offset=%llu bytes=%llu", location, count);
  }
  std::memset(buffer, 0, count);
  const uint64_t begin = std::max<uint64_t>(location, file.first);
  const uint64_t end = std::min(location + count, file.first + file.bytes.size());
  if (begin >= end) return;
  std::memcpy(static_cast<std::byte*>(buffer) + (begin - location),
              file.bytes.data() + (begin - file.first), end - begin);
}

int64_t MemoryFiles::Write(duckdb::FileHandle& handle, void* buffer, int64_t byte_count) {
  MemoryFile& file = FileOf(handle);
  const auto* from = static_cast<const std::byte*>(buffer);
  file.bytes.insert(file.bytes.end(), from, from + byte_count);
  file.size_bytes += static_cast<uint64_t>(byte_count);
  return byte_count;
}

int64_t MemoryFiles::GetFileSize(duckdb::FileHandle& handle) {
  return static_cast<int64_t>(FileOf(handle).size_bytes);
}

duckdb::timestamp_t MemoryFiles::GetLastModifiedTime(duckdb::FileHandle&) {
  return duckdb::timestamp_t(0);
}

std::string MemoryFiles::GetVersionTag(duckdb::FileHandle&) { return {}; }

}  // namespace luma::sql
