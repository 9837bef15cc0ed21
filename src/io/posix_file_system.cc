// FileSystem over Linux system calls.
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "io/file_system.h"

namespace luma::io {
namespace {

// Zeros are written in pieces of this size: large enough that the call does not matter.
constexpr size_t kZeroBytes = 256 << 10;

Status ErrnoStatus(std::string_view operation, const Path& path) {
  const int error = errno;
  StatusCode code = StatusCode::kIoError;
  if (error == ENOSPC || error == EDQUOT) code = StatusCode::kDiskFull;
  if (error == ENOENT) code = StatusCode::kNotFound;
  if (error == EEXIST) code = StatusCode::kAlreadyExists;
  std::string message(operation);
  message += " failed: path=" + path + " error=" + std::generic_category().message(error);
  return Status(code, std::move(message));
}

// Repeats a call that a signal interrupted before it did anything; no failure is hidden by that.
template <typename Call>
auto Retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

Result<uint64_t> SizeOf(int fd, const Path& path) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return ErrnoStatus("stat", path);
  return static_cast<uint64_t>(info.st_size);
}

class PosixMapping final : public Mapping {
 public:
  PosixMapping(void* address, size_t size) : address_(address), size_(size) {}
  ~PosixMapping() override {
    if (size_ > 0) ::munmap(address_, size_);
  }
  ByteSpan bytes() const override { return {static_cast<const std::byte*>(address_), size_}; }

 private:
  void* address_;
  size_t size_;
};

class PosixReadFile final : public RandomAccessFile {
 public:
  PosixReadFile(int fd, Path path) : fd_(fd), path_(std::move(path)) {}

  Result<size_t> ReadSome(uint64_t offset, std::span<std::byte> to) const override {
    size_t done = 0;
    while (done < to.size()) {
      const ssize_t count = Retry([&] {
        return ::pread(fd_.get(), to.data() + done, to.size() - done,
                       static_cast<off_t>(offset + done));
      });
      if (count < 0) return ErrnoStatus("read", path_);
      if (count == 0) break;
      done += static_cast<size_t>(count);
    }
    return done;
  }

  Result<uint64_t> Size() const override { return SizeOf(fd_.get(), path_); }

  Result<std::shared_ptr<const Mapping>> Map() const override {
    LUMA_ASSIGN_OR_RETURN(const uint64_t size, Size());
    void* address = nullptr;
    if (size > 0) {  // mmap refuses an empty range
      address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd_.get(), 0);
      if (address == MAP_FAILED) return ErrnoStatus("mmap", path_);
    }
    return std::shared_ptr<const Mapping>(std::make_shared<PosixMapping>(address, size));
  }

  const Path& path() const override { return path_; }

 private:
  Descriptor fd_;
  Path path_;
};

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(int fd, Path path, uint64_t size)
      : fd_(fd), path_(std::move(path)), size_(size) {}

  Status Append(ByteSpan bytes) override { return WriteAt(size_, bytes); }

  Status WriteAt(uint64_t offset, ByteSpan bytes) override {
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t count = Retry([&] {
        return ::pwrite(fd_.get(), bytes.data() + done, bytes.size() - done,
                        static_cast<off_t>(offset + done));
      });
      if (count < 0) return ErrnoStatus("write", path_);
      if (count == 0) return Status::IoError("write failed: path=", path_, " error=no progress");
      done += static_cast<size_t>(count);
    }
    size_ = std::max(size_, offset + bytes.size());
    return Status::Ok();
  }

  Status Sync() override {
    if (Retry([&] { return ::fdatasync(fd_.get()); }) != 0) return ErrnoStatus("fdatasync", path_);
    return Status::Ok();
  }

  Status Preallocate(uint64_t bytes) override {
    const Bytes zeros(std::min<uint64_t>(kZeroBytes, bytes > size_ ? bytes - size_ : 0));
    while (size_ < bytes) {
      LUMA_RETURN_IF_ERROR(
          Append(ByteSpan(zeros).first(std::min<uint64_t>(zeros.size(), bytes - size_))));
    }
    return Status::Ok();
  }

  Result<uint64_t> Size() const override { return size_; }

  Status Close() override {
    if (::close(fd_.Release()) != 0) return ErrnoStatus("close", path_);
    return Status::Ok();
  }

  const Path& path() const override { return path_; }

 private:
  Descriptor fd_;
  Path path_;
  uint64_t size_;
};

class PosixDirectoryLock final : public DirectoryLock {
 public:
  explicit PosixDirectoryLock(int fd) : fd_(fd) {}

 private:
  Descriptor fd_;  // closing it releases the flock
};

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::shared_ptr<const RandomAccessFile>> OpenForRead(const Path& path) override {
    const int fd = Open(path, O_RDONLY);
    if (fd < 0) return ErrnoStatus("open", path);
    return std::shared_ptr<const RandomAccessFile>(std::make_shared<PosixReadFile>(fd, path));
  }

  Result<std::unique_ptr<WritableFile>> Create(const Path& path, CreateMode mode) override {
    const int fd =
        Open(path, O_RDWR | O_CREAT | (mode == CreateMode::kExclusive ? O_EXCL : O_TRUNC));
    if (fd < 0) return ErrnoStatus("create", path);
    return std::unique_ptr<WritableFile>(std::make_unique<PosixWritableFile>(fd, path, 0));
  }

  Result<std::unique_ptr<WritableFile>> OpenForWrite(const Path& path) override {
    const int fd = Open(path, O_RDWR);
    if (fd < 0) return ErrnoStatus("open", path);
    Descriptor owner(fd);
    LUMA_ASSIGN_OR_RETURN(const uint64_t size, SizeOf(fd, path));
    auto file = std::make_unique<PosixWritableFile>(owner.Release(), path, size);
    return std::unique_ptr<WritableFile>(std::move(file));
  }

  Status Rename(const Path& from, const Path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return ErrnoStatus("rename", from);
    return Status::Ok();
  }

  Status Remove(const Path& path) override {
    if (::unlink(path.c_str()) != 0) return ErrnoStatus("remove", path);
    return Status::Ok();
  }

  Status SyncDirectory(const Path& path) override {
    const Descriptor fd(Open(path, O_RDONLY | O_DIRECTORY));
    if (fd.get() < 0) return ErrnoStatus("open", path);
    if (Retry([&] { return ::fsync(fd.get()); }) != 0) return ErrnoStatus("fsync", path);
    return Status::Ok();
  }

  Status CreateDirectories(const Path& path) override {
    LUMA_ASSIGN_OR_RETURN(const bool exists, IsDirectory(path));
    const Path parent = ParentPath(path);
    if (exists) return SyncNameMadeEarlier(parent);
    if (parent != path) LUMA_RETURN_IF_ERROR(CreateDirectories(parent));
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoStatus("mkdir", path);
    return SyncDirectory(parent);
  }

  Result<std::vector<std::string>> List(const Path& path) override {
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) return ErrnoStatus("opendir", path);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(directory)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    const Status status = errno == 0 ? Status::Ok() : ErrnoStatus("readdir", path);
    ::closedir(directory);
    LUMA_RETURN_IF_ERROR(status);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<bool> Exists(const Path& path) override {
    if (::access(path.c_str(), F_OK) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return ErrnoStatus("access", path);
  }

  Result<bool> IsDirectory(const Path& path) override {
    struct stat info{};
    if (::stat(path.c_str(), &info) == 0) return S_ISDIR(info.st_mode);
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return ErrnoStatus("stat", path);
  }

  Result<uint64_t> FileSize(const Path& path) override {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return ErrnoStatus("stat", path);
    return static_cast<uint64_t>(info.st_size);
  }

  Result<uint64_t> FreeBytes(const Path& path) override {
    struct statvfs info{};
    if (::statvfs(path.c_str(), &info) != 0) return ErrnoStatus("statvfs", path);
    return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
  }

  Result<std::unique_ptr<DirectoryLock>> LockDirectory(const Path& directory) override {
    const Path path = JoinPath(directory, "LOCK");
    const int fd = Open(path, O_RDWR | O_CREAT);
    if (fd < 0) return ErrnoStatus("create", path);
    auto lock = std::make_unique<PosixDirectoryLock>(fd);
    if (Retry([&] { return ::flock(fd, LOCK_EX | LOCK_NB); }) != 0) {
      if (errno != EWOULDBLOCK) return ErrnoStatus("flock", path);
      return Status::Unavailable("directory is in use by another process: path=", directory);
    }
    return std::unique_ptr<DirectoryLock>(std::move(lock));
  }

 private:
  // A process that died between mkdir and fsync may have left a name that is not durable. Where
  // this process may not write it has made nothing, and perhaps may not open the directory either.
  Status SyncNameMadeEarlier(const Path& parent) {
    return ::access(parent.c_str(), W_OK) == 0 ? SyncDirectory(parent) : Status::Ok();
  }

  static int Open(const Path& path, int flags) {
    return Retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0600); });
  }
};

}  // namespace

FileSystem& FileSystem::Posix() {
  static PosixFileSystem file_system;
  return file_system;
}

}  // namespace luma::io
