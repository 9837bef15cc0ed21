#include "storage/wal/wal_spares.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "storage/wal/wal_directory.h"

namespace luma::storage {
namespace {

// Made while a commit waits: 1 MiB takes about 2 ms with its fsync, 32 MiB would take 50 ms or
// more.
constexpr uint64_t kHurriedBytes = 1 << 20;
// Log files grow in whole pages.
constexpr uint64_t kPageBytes = 4096;

uint64_t RoundUp(uint64_t bytes) { return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes; }

}  // namespace

Result<std::unique_ptr<WalSpares>> WalSpares::Open(io::FileSystem& fs, io::Path directory,
                                                   WalSparesOptions options) {
  std::unique_ptr<WalSpares> spares(new WalSpares(fs, std::move(directory), options));
  LUMA_RETURN_IF_ERROR(spares->Adopt());
  if (options.background) {
    spares->thread_ = std::thread([self = spares.get()] { self->BackgroundLoop(); });
  }
  return spares;
}

WalSpares::~WalSpares() { Stop(); }

void WalSpares::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wanted_changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

Status WalSpares::Adopt() {
  LUMA_ASSIGN_OR_RETURN(const WalDirectory found, ListWalDirectory(fs_, directory_));
  for (const std::string& name : found.unfinished) {
    LUMA_RETURN_IF_ERROR(fs_.Remove(io::JoinPath(directory_, name)));
  }
  std::vector<WalSpare> usable;
  for (const std::string& name : found.spares) {
    const io::Path path = io::JoinPath(directory_, name);
    LUMA_ASSIGN_OR_RETURN(const uint64_t size, fs_.FileSize(path));
    if (size == options_.segment_bytes && usable.size() < options_.files_max) {
      usable.push_back({path, size});
    } else {
      LUMA_RETURN_IF_ERROR(fs_.Remove(path));
    }
  }
  MutexLock lock(mutex_);
  ready_ = std::move(usable);
  wanted_ = ready_.empty();
  for (const std::string& name : found.spares) {  // "wal-<number>.spare", see NextName
    uint64_t number = 0;
    if (const auto parsed =
            ParseWalFileName(name.substr(0, name.size() - kWalSpareSuffix.size()) + ".log")) {
      number = *parsed + 1;
    }
    next_number_ = std::max(next_number_, number);
  }
  return Status::Ok();
}

io::Path WalSpares::NextName(std::string_view suffix) {
  MutexLock lock(mutex_);
  return io::JoinPath(directory_, fmt::format("wal-{:016x}{}", next_number_++, suffix));
}

Status WalSpares::Fill(const io::Path& path, uint64_t bytes) {
  LUMA_ASSIGN_OR_RETURN(const auto file, fs_.Create(path, io::CreateMode::kTruncate));
  LUMA_RETURN_IF_ERROR(file->Preallocate(bytes));
  LUMA_RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

// A file gets its .spare name only with all blocks on disk, so that one found at start is complete.
Result<WalSpare> WalSpares::Make(uint64_t bytes) {
  const io::Path spare = NextName(kWalSpareSuffix);
  const io::Path unfinished = spare + std::string(kWalUnfinishedSuffix);
  Status status = Fill(unfinished, bytes);
  if (status.ok()) status = fs_.Rename(unfinished, spare);
  if (status.ok()) return WalSpare{spare, bytes};
  const Status removed = fs_.Remove(unfinished);  // gives the space back; the first error counts
  if (!removed.ok()) LUMA_LOG(kDebug, "wal", "no unfinished spare removed: {}", removed.message());
  return status;
}

void WalSpares::Prepare() {
  MutexLock lock(mutex_);
  wanted_ = true;
  wanted_changed_.NotifyAll();
}

Result<WalSpare> WalSpares::Take(uint64_t bytes) {
  {
    MutexLock lock(mutex_);
    if (!ready_.empty() && bytes <= options_.segment_bytes) {
      WalSpare spare = std::move(ready_.back());
      ready_.pop_back();
      return spare;
    }
    wanted_ = true;
    wanted_changed_.NotifyAll();
  }
  if (bytes > options_.segment_bytes) return Make(RoundUp(bytes));
  if (!options_.background) return Make(options_.segment_bytes);
  return Make(std::min(std::max(RoundUp(bytes), kHurriedBytes), options_.segment_bytes));
}

Status WalSpares::Recycle(const std::vector<WalSpare>& log_files) {
  std::vector<WalSpare> kept;
  size_t room = 0;
  {
    MutexLock lock(mutex_);
    room = options_.files_max - std::min<size_t>(options_.files_max, ready_.size());
  }
  for (const WalSpare& file : log_files) {
    if (file.file_bytes == options_.segment_bytes && kept.size() < room) {
      const io::Path spare = NextName(kWalSpareSuffix);
      LUMA_RETURN_IF_ERROR(fs_.Rename(file.path, spare));
      kept.push_back({spare, file.file_bytes});
    } else {
      LUMA_RETURN_IF_ERROR(fs_.Remove(file.path));
    }
  }
  // Before a spare is overwritten: otherwise power loss could bring back its old name with a new
  // content.
  LUMA_RETURN_IF_ERROR(fs_.SyncDirectory(directory_));
  MutexLock lock(mutex_);
  ready_.insert(ready_.end(), kept.begin(), kept.end());
  return Status::Ok();
}

void WalSpares::BackgroundLoop() {
  mutex_.Lock();
  while (!stopping_) {
    if (!wanted_ || !ready_.empty()) {
      wanted_ = false;
      wanted_changed_.Wait(mutex_);
      continue;
    }
    wanted_ = false;  // after a failure the next Take asks again
    mutex_.Unlock();
    auto spare = Make(options_.segment_bytes);
    if (!spare.ok()) LUMA_LOG(kWarn, "wal", "no spare log file: {}", spare.status().message());
    mutex_.Lock();
    if (spare.ok()) ready_.push_back(*std::move(spare));
  }
  mutex_.Unlock();
}

}  // namespace luma::storage
