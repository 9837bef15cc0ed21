// Files that already have their blocks on disk, so that starting the next log file neither waits
// for the disk nor meets a full one. Old log files come back here instead of being deleted.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "io/file_system.h"

namespace luma::storage {

inline constexpr std::string_view kWalSpareSuffix = ".spare";
inline constexpr std::string_view kWalUnfinishedSuffix = ".tmp";

// A preallocated, durable file whose content means nothing.
struct WalSpare {
  io::Path path;
  uint64_t file_bytes = 0;
};

struct WalSparesOptions {
  uint64_t segment_bytes = 0;
  uint32_t files_max = 0;
  bool background = true;  // makes spares from a thread of its own
};

// Threads: every method from any thread. Lifetime: `fs` must outlive it.
class WalSpares {
 public:
  // Takes over the spares in `directory` (which must exist) and removes unusable ones.
  static Result<std::unique_ptr<WalSpares>> Open(io::FileSystem& fs, io::Path directory,
                                                 WalSparesOptions options);
  ~WalSpares();
  WalSpares(const WalSpares&) = delete;
  WalSpares& operator=(const WalSpares&) = delete;

  // A spare will be taken soon: the background makes one unless one is ready. Does no I/O.
  void Prepare() LUMA_EXCLUDES(mutex_);
  // A file of at least `bytes`, which the caller owns from now on. If none is ready it makes one,
  // small for speed if the background has not kept up; errors then are those of the file system.
  Result<WalSpare> Take(uint64_t bytes) LUMA_EXCLUDES(mutex_);

  // Takes `log_files` (durable, no longer needed) out of the log: keeps those of segment_bytes up
  // to files_max, removes the rest. Durable on return.
  Status Recycle(const std::vector<WalSpare>& log_files) LUMA_EXCLUDES(mutex_);

  // Stops the background thread. Idempotent; Take still works.
  void Stop() LUMA_EXCLUDES(mutex_);

 private:
  WalSpares(io::FileSystem& fs, io::Path directory, WalSparesOptions options)
      : fs_(fs), directory_(std::move(directory)), options_(options) {}

  Status Adopt() LUMA_EXCLUDES(mutex_);
  Result<WalSpare> Make(uint64_t bytes) LUMA_EXCLUDES(mutex_);
  Status Fill(const io::Path& path, uint64_t bytes);
  io::Path NextName(std::string_view suffix) LUMA_EXCLUDES(mutex_);
  void BackgroundLoop() LUMA_EXCLUDES(mutex_);

  io::FileSystem& fs_;
  const io::Path directory_;
  const WalSparesOptions options_;

  Mutex mutex_;
  CondVar wanted_changed_;
  std::vector<WalSpare> ready_ LUMA_GUARDED_BY(mutex_);
  uint64_t next_number_ LUMA_GUARDED_BY(mutex_) = 0;  // names are never used twice at a time
  bool wanted_ LUMA_GUARDED_BY(mutex_) = true;
  bool stopping_ LUMA_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace luma::storage
