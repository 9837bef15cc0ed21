#include "storage/wal/wal_writer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"
#include "storage/wal/wal_directory.h"

namespace luma::storage {
namespace {

constexpr uint64_t kMarkBytes = kWalRecordHeaderBytes;
// Kept free behind the records of a file: the next-file record, and marks that no record promised
// (one of a Sync without records, one of Close).
constexpr uint64_t kFileTailBytes = 3 * kMarkBytes;
constexpr uint64_t kSegmentBytesMin = 512;

// A record that nobody waits for is written after this time, or when this much has gathered.
constexpr std::chrono::milliseconds kUnaskedDelay{50};
constexpr uint64_t kUnaskedBytes = 1 << 20;

// With less room than this, the next file is prepared: 80 ms of a log that grows by 100 MB/s, in
// which a file of 32 MiB gets its blocks. Sooner would cost a short log a file that it never needs.
constexpr uint64_t kSpareLeadBytes = 8 << 20;

// The files before `first`, oldest first, as far as they follow each other. No start needs them, so
// damage of theirs does not prevent one.
Result<std::vector<WalEnd::File>> FilesBefore(io::FileSystem& fs, const io::Path& directory,
                                              const WalEnd::File& first) {
  LUMA_ASSIGN_OR_RETURN(const WalDirectory names, ListWalDirectory(fs, directory));
  std::vector<WalEnd::File> files;
  for (size_t i = names.sequences.size(); i-- > 0;) {
    const uint64_t next = files.empty() ? first.sequence : files.back().sequence;
    if (names.sequences[i] + 1 != next) continue;
    const Result<WalFile> file = OpenWalFile(fs, directory, names.sequences[i]);
    if (!file.ok()) {
      LUMA_LOG(kError, "wal", "old log is lost to the archive: {}", file.status().message());
      break;
    }
    files.push_back({names.sequences[i], file->header.first_lsn, file->header.file_bytes});
  }
  std::reverse(files.begin(), files.end());
  return files;
}

}  // namespace

Result<std::unique_ptr<WalWriter>> WalWriter::Open(io::FileSystem& fs, const io::Path& directory,
                                                   const WalEnd& end, WalOptions options) {
  if (options.segment_bytes < kSegmentBytesMin) {
    return Status::InvalidArgument("log files are too small: segment_bytes=",
                                   options.segment_bytes);
  }
  if (options.sync_interval < std::chrono::milliseconds(1)) {
    return Status::InvalidArgument("sync interval is too short: milliseconds=",
                                   options.sync_interval.count());
  }
  LUMA_RETURN_IF_ERROR(fs.CreateDirectories(directory));
  LUMA_ASSIGN_OR_RETURN(WalAppender appender, WalAppender::Open(fs, directory, end));
  LUMA_ASSIGN_OR_RETURN(auto spares, WalSpares::Open(fs, directory,
                                                     {.segment_bytes = options.segment_bytes,
                                                      .files_max = options.spare_files_max,
                                                      .background = options.background_spares}));
  std::vector<WalEnd::File> older;
  if (options.hold && !end.files.empty()) {
    LUMA_ASSIGN_OR_RETURN(older, FilesBefore(fs, directory, end.files.front()));
  }
  return std::unique_ptr<WalWriter>(new WalWriter(fs, directory, end, options, std::move(appender),
                                                  std::move(spares), std::move(older)));
}

WalWriter::WalWriter(io::FileSystem& fs, io::Path directory, const WalEnd& end, WalOptions options,
                     WalAppender appender, std::unique_ptr<WalSpares> spares,
                     std::vector<WalEnd::File> older_files)
    : fs_(fs),
      directory_(std::move(directory)),
      options_(options),
      spares_(std::move(spares)),
      appender_(std::move(appender)),
      last_lsn_(end.last_lsn),
      written_lsn_(end.last_lsn),
      synced_lsn_(end.last_lsn),
      acknowledged_lsn_(end.last_lsn),
      last_sync_(SteadyClock::now()),
      files_(std::move(older_files)),
      first_needed_(end.files.empty() ? kNoLsn : end.files.front().first_lsn) {
  files_.insert(files_.end(), end.files.begin(), end.files.end());
  if (options.hold) held_ = std::make_unique<WalPin>(pins_, kNoLsn);
  thread_ = std::thread([this] { LogLoop(); });
}

WalWriter::~WalWriter() {
  const Status status = Close();
  if (!status.ok()) LUMA_LOG(kError, "wal", "log not closed cleanly: {}", status.message());
}

Status WalWriter::FinishedStatus() const {
  if (!poison_.ok()) return poison_;
  return closing_ ? Status::Unavailable("log is closed: path=", directory_) : Status::Ok();
}

Status WalWriter::Reserve(uint64_t payload_bytes) {
  if (payload_bytes > kWalPayloadBytesMax) {
    return Status::TooLarge("log record is too large: bytes=", payload_bytes,
                            " bytes_max=", kWalPayloadBytesMax);
  }
  const uint64_t record_bytes = WalRecordBytes(payload_bytes);
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(WaitForBuffer(record_bytes));
  if (room_ < record_bytes + kMarkBytes) {
    const uint64_t needed = kWalFileHeaderBytes + record_bytes + kMarkBytes + kFileTailBytes;
    LUMA_RETURN_IF_ERROR(CheckLogMayGrow(std::max(needed, options_.segment_bytes)));
    mutex_.Unlock();
    auto spare = spares_->Take(needed);
    mutex_.Lock();
    if (!spare.ok()) return spare.status();
    room_ = spare->file_bytes - kWalFileHeaderBytes - kFileTailBytes;
    is_spare_prepared_ = false;
    chunks_.emplace_back(*std::move(spare));
  }
  reserved_bytes_ = record_bytes;
  return Status::Ok();
}

Status WalWriter::CheckLogMayGrow(uint64_t file_bytes) const {
  uint64_t bytes = 0;
  size_t files = NeededFiles().size();
  for (const WalEnd::File& file : NeededFiles()) bytes += file.file_bytes;
  for (const WalChunk& chunk : chunks_) {
    if (!chunk.new_file()) continue;
    bytes += chunk.new_file()->file_bytes;
    ++files;
  }
  if (files <= 1 || bytes + file_bytes <= options_.log_bytes_max) return Status::Ok();
  return Status::DiskFull("log is at its limit until hot rows are flushed: bytes=", bytes,
                          " bytes_max=", options_.log_bytes_max);
}

// Does not leave the round to the log thread: that one may be in a callback which waits for the
// caller's locks, or be the caller.
Status WalWriter::WaitForBuffer(uint64_t record_bytes) {
  while (buffered_bytes_ > 0 && buffered_bytes_ + record_bytes > options_.buffer_bytes_max) {
    LUMA_RETURN_IF_ERROR(FinishedStatus());
    RunRoundOrWait(options_.sync == WalSync::kAlways);
  }
  return FinishedStatus();
}

Lsn WalWriter::Append(ByteSpan payload) {
  const uint64_t record_bytes = WalRecordBytes(payload.size());
  MutexLock lock(mutex_);
  LUMA_CHECK(record_bytes <= reserved_bytes_);
  reserved_bytes_ = 0;
  LUMA_CHECK(record_bytes + kMarkBytes <= room_);
  room_ -= record_bytes + kMarkBytes;
  PrepareSpareInTime(record_bytes);
  if (chunks_.empty()) chunks_.emplace_back();
  chunks_.back().Add(payload);
  if (buffered_bytes_ < kUnaskedBytes && buffered_bytes_ + record_bytes >= kUnaskedBytes) {
    work_.NotifyOne();
  }
  buffered_bytes_ += record_bytes;
  last_lsn_ = Next(last_lsn_);
  return last_lsn_;
}

// A large record will hardly be the only one.
void WalWriter::PrepareSpareInTime(uint64_t record_bytes) {
  if (is_spare_prepared_ || room_ >= std::max(kSpareLeadBytes, 2 * record_bytes)) return;
  spares_->Prepare();
  is_spare_prepared_ = true;
}

Status WalWriter::WaitDurable(Lsn lsn) {
  MutexLock lock(mutex_);
  LUMA_CHECK(lsn <= last_lsn_);
  while (acknowledged_lsn_ < lsn) {
    LUMA_RETURN_IF_ERROR(poison_);
    RunRoundOrWait(options_.sync == WalSync::kAlways);
  }
  return Status::Ok();
}

Status WalWriter::Sync() {
  MutexLock lock(mutex_);
  const Lsn target = last_lsn_;
  while (synced_lsn_ < target && poison_.ok()) RunRoundOrWait(true);
  return poison_;
}

void WalWriter::OnDurable(Lsn lsn, std::function<void(Status)> callback) {
  mutex_.Lock();
  LUMA_CHECK(lsn <= last_lsn_);
  if (!closed_) {
    callbacks_.emplace(lsn, std::move(callback));
    if (callbacks_.size() == 1 || lsn <= acknowledged_lsn_ || IsGroupThere()) work_.NotifyOne();
    mutex_.Unlock();
    return;
  }
  const Status status = lsn <= acknowledged_lsn_ ? Status::Ok() : FinishedStatus();
  mutex_.Unlock();
  callback(status);
}

void WalWriter::RunRoundOrWait(bool sync) {
  if (RoundMayRun(sync)) {
    RunRound(sync);
  } else {
    progress_.Wait(mutex_);
  }
}

bool WalWriter::RoundMayRun(bool sync) const {
  return !io_busy_ && !(syncing_beside_ && RoundSyncs(sync));
}

bool WalWriter::RoundSyncs(bool sync) const {
  return sync || std::any_of(chunks_.begin(), chunks_.end(),
                             [](const WalChunk& chunk) { return chunk.new_file().has_value(); });
}

void WalWriter::RunRound(bool sync) {
  Round round;
  io_syncs_ = RoundSyncs(sync);
  round.chunks = std::exchange(chunks_, {});
  round.last_lsn = last_lsn_;
  round.synced_lsn = synced_lsn_;
  round.sync = sync;
  io_busy_ = true;
  buffered_bytes_ = 0;
  mutex_.Unlock();
  const Status status = DoRound(round);
  mutex_.Lock();
  Publish(round, status);
  gather_.RoundEnded(callbacks_.size(), SteadyClock::now());
  io_busy_ = false;
  io_syncs_ = false;
  progress_.NotifyAll();
  if (!callbacks_.empty() || closing_) work_.NotifyOne();
}

Status WalWriter::DoRound(Round& round) {
  for (WalChunk& chunk : round.chunks) {
    const Lsn before = appender_.last_lsn();
    LUMA_RETURN_IF_ERROR(appender_.Write(chunk, round.synced_lsn));
    round.bytes += chunk.size();
    if (const auto& file = chunk.new_file()) {
      round.synced_lsn = before;  // the file before was synced
      round.new_files.push_back({appender_.id().sequence, Next(before), file->file_bytes});
    }
  }
  if (!round.sync || round.synced_lsn == round.last_lsn) return Status::Ok();
  LUMA_RETURN_IF_ERROR(appender_.Sync());
  ++round.syncs;
  round.synced_lsn = round.last_lsn;
  return appender_.WriteMark(round.synced_lsn);
}

void WalWriter::Publish(const Round& round, const Status& status) {
  Poison(status);
  if (!poison_.ok()) return;
  stats_.records += ToNumber(round.last_lsn) - ToNumber(written_lsn_);
  stats_.bytes += round.bytes;
  stats_.syncs += round.syncs + round.new_files.size();
  ++stats_.groups;
  written_lsn_ = round.last_lsn;
  synced_lsn_ = std::max(synced_lsn_, round.synced_lsn);
  acknowledged_lsn_ = options_.sync == WalSync::kAlways ? synced_lsn_ : written_lsn_;
  file_ = appender_.file();
  files_.insert(files_.end(), round.new_files.begin(), round.new_files.end());
  RecountRoom();
}

// Gives back the marks that were promised to records which then shared one. Room that Reserve has
// granted stays granted: a mark that came in between has used up part of kFileTailBytes, once,
// because without another Append there is nothing more to mark.
void WalWriter::RecountRoom() {
  uint64_t promised = kFileTailBytes;
  for (const WalChunk& chunk : chunks_) {
    if (chunk.new_file()) return;  // room_ is that file's, of which nothing is written
    promised += chunk.size() + chunk.records() * kMarkBytes;
  }
  const uint64_t left = appender_.bytes_left();
  const uint64_t granted = reserved_bytes_ == 0 ? 0 : reserved_bytes_ + kMarkBytes;
  room_ = std::max(left - std::min(left, promised), granted);
}

void WalWriter::Poison(const Status& status) {
  if (status.ok() || !poison_.ok()) return;
  LUMA_LOG(kCritical, "wal", "log failed, no more writes until a restart: {}", status.message());
  // Whatever the code: a full disk in here is not the one that may be tried again.
  poison_ = Status::IoError("log failed: ", status.message());
}

void WalWriter::LogLoop() {
  mutex_.Lock();
  bool idle_timeout = false;
  while (true) {
    if (RunReadyCallback()) continue;
    if (!io_busy_ && poison_.ok() && RoundDue(idle_timeout)) {
      RunRound(options_.sync == WalSync::kAlways);
    } else if (poison_.ok() && IntervalSyncDue()) {
      SyncBesideWriters();
    } else if (closing_ && !io_busy_) {
      break;
    } else {
      idle_timeout = !work_.WaitFor(mutex_, IdleDelay());
    }
  }
  mutex_.Unlock();
}

std::chrono::nanoseconds WalWriter::IdleDelay() const {
  if (!callbacks_.empty() && !IsGroupThere()) return gather_.until() - SteadyClock::now();
  return options_.sync == WalSync::kInterval ? std::min(options_.sync_interval, kUnaskedDelay)
                                             : kUnaskedDelay;
}

bool WalWriter::RoundDue(bool idle_timeout) const {
  if (buffered_bytes_ == 0) return false;
  return idle_timeout || closing_ || IsGroupThere() || buffered_bytes_ >= kUnaskedBytes;
}

// One sync for all who come back soon takes as much CPU time as one for the first.
bool WalWriter::IsGroupThere() const {
  if (options_.sync != WalSync::kAlways) return !callbacks_.empty();
  return gather_.IsThere(callbacks_.size(), SteadyClock::now());
}

bool WalWriter::IntervalSyncDue() const {
  return options_.sync == WalSync::kInterval && !io_syncs_ && synced_lsn_ < written_lsn_ &&
         SteadyClock::now() - last_sync_ >= options_.sync_interval;
}

// Rounds that only write go on meanwhile, so an acknowledgement seldom waits for this fdatasync.
void WalWriter::SyncBesideWriters() {
  const std::shared_ptr<io::WritableFile> file = file_;
  const Lsn lsn = written_lsn_;
  syncing_beside_ = true;
  mutex_.Unlock();
  const Status status = file->Sync();  // earlier files were synced when this one was started
  mutex_.Lock();
  Poison(status);
  last_sync_ = SteadyClock::now();
  ++stats_.syncs;
  if (poison_.ok()) synced_lsn_ = std::max(synced_lsn_, lsn);
  syncing_beside_ = false;
  progress_.NotifyAll();
}

bool WalWriter::RunReadyCallback() {
  if (callbacks_.empty()) return false;
  const auto first = callbacks_.begin();
  const bool is_acknowledged = first->first <= acknowledged_lsn_;
  if (!is_acknowledged && poison_.ok()) return false;
  const auto callback = std::move(first->second);
  const Status status = is_acknowledged ? Status::Ok() : poison_;
  callbacks_.erase(first);
  mutex_.Unlock();
  callback(status);
  mutex_.Lock();
  return true;
}

Status WalWriter::Truncate(Lsn first_needed) {
  MutexLock truncate_lock(truncate_mutex_);
  uint64_t first_kept = 0;
  {
    MutexLock lock(mutex_);
    LUMA_RETURN_IF_ERROR(FinishedStatus());
    first_needed_ = std::max(first_needed_, first_needed);
    const Lsn first_read = pins_->OldestOr(first_needed);
    while (files_.size() > 1 && files_[1].first_lsn <= first_read) files_.erase(files_.begin());
    if (!files_.empty()) first_kept = files_.front().sequence;
  }
  // What the directory has below that: also what an interrupted Truncate left behind.
  LUMA_ASSIGN_OR_RETURN(const WalDirectory found, ListWalDirectory(fs_, directory_));
  std::vector<WalSpare> unneeded;
  for (const uint64_t sequence : found.sequences) {
    if (sequence >= first_kept) continue;
    const io::Path path = io::JoinPath(directory_, WalFileName(sequence));
    LUMA_ASSIGN_OR_RETURN(const uint64_t size, fs_.FileSize(path));
    unneeded.push_back({path, size});
  }
  return unneeded.empty() ? Status::Ok() : spares_->Recycle(unneeded);
}

std::unique_ptr<WalPin> WalWriter::Pin(Lsn first) {
  MutexLock lock(mutex_);
  return std::make_unique<WalPin>(pins_, first);
}

std::unique_ptr<WalPin> WalWriter::PinAll() {
  MutexLock lock(mutex_);
  const Lsn first = files_.empty() ? Next(last_lsn_) : files_.front().first_lsn;
  auto pin = std::make_unique<WalPin>(pins_, first);
  held_.reset();
  return pin;
}

Status WalWriter::Close() {
  {
    MutexLock lock(mutex_);
    if (closing_) {
      while (!closed_) progress_.Wait(mutex_);
      return poison_;
    }
    closing_ = true;
    work_.NotifyOne();
  }
  thread_.join();
  spares_->Stop();
  const Status synced = Sync();
  MutexLock lock(mutex_);
  while (io_busy_) progress_.Wait(mutex_);
  if (synced.ok() && appender_.started()) SyncClosingMark();
  while (RunReadyCallback()) {  // those that came after the end of the log thread
  }
  closed_ = true;
  progress_.NotifyAll();
  return poison_;
}

// Without a durable mark a later damage of the last group could pass for a torn write. There is
// none yet behind what an interval sync has saved.
void WalWriter::SyncClosingMark() {
  const Lsn last = last_lsn_;
  io_busy_ = true;
  mutex_.Unlock();
  Status status = appender_.marked_lsn() < last ? appender_.WriteMark(last) : Status::Ok();
  if (status.ok()) status = appender_.Sync();
  mutex_.Lock();
  Poison(status);
  io_busy_ = false;
}

Lsn WalWriter::last_lsn() const {
  MutexLock lock(mutex_);
  return last_lsn_;
}

Lsn WalWriter::acknowledged_lsn() const {
  MutexLock lock(mutex_);
  return acknowledged_lsn_;
}

std::span<const WalEnd::File> WalWriter::NeededFiles() const {
  size_t first = files_.size();
  while (first > 0) {
    --first;
    if (files_[first].first_lsn <= first_needed_) break;
  }
  return std::span(files_).subspan(first);
}

uint64_t WalWriter::log_bytes() const {
  MutexLock lock(mutex_);
  uint64_t bytes = 0;
  for (const WalEnd::File& file : NeededFiles()) bytes += file.file_bytes;
  return bytes;
}

uint64_t WalWriter::pinned_bytes() const {
  MutexLock lock(mutex_);
  const Lsn first_read = pins_->OldestOr(first_needed_);
  uint64_t bytes = 0;
  for (size_t i = 0; i + 1 < files_.size(); ++i) {
    const Lsn next = files_[i + 1].first_lsn;
    if (next > first_read && next <= first_needed_) bytes += files_[i].file_bytes;
  }
  return bytes;
}

WalExtent WalWriter::extent() const {
  MutexLock lock(mutex_);
  WalExtent extent{.files = files_.size(),
                   .first_lsn = files_.empty() ? kNoLsn : files_.front().first_lsn,
                   .last_lsn = last_lsn_,
                   .acknowledged_lsn = acknowledged_lsn_};
  for (const WalEnd::File& file : files_) extent.bytes += file.file_bytes;
  return extent;
}

WalStats WalWriter::stats() const {
  MutexLock lock(mutex_);
  return stats_;
}

}  // namespace luma::storage
