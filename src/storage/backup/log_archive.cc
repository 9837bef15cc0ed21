#include "storage/backup/log_archive.h"

#include <algorithm>

#include "base/log.h"
#include "storage/backup/stored_log.h"

namespace luma::storage {

LogArchive::LogArchive(BackupSource& source, io::ObjectStore& store, LogArchiveOptions options)
    : source_(source), store_(store), options_(options), pin_(source.PinLog()) {
  if (options_.background) thread_ = std::thread([this] { Run(); });
}

Status LogArchive::ArchiveOnce() {
  MutexLock work(work_mutex_);
  Status status = knows_end_ ? Status::Ok() : FindEnd();
  if (status.ok()) status = Upload();
  if (status.ok()) return status;
  {
    MutexLock lock(mutex_);
    ++stats_.failures;
  }
  GiveUpBacklog();
  return status;
}

Status LogArchive::FindEnd() {
  uuid_ = source_.uuid();
  LUMA_ASSIGN_OR_RETURN(const StoredLog there, StoredLog::Open(store_, uuid_));
  LUMA_ASSIGN_OR_RETURN(const Lsn durable, source_.SyncLog());
  if (there.last() > durable) {
    return Status::Corruption("destination has later log of this database: last=",
                              ToNumber(there.last()), " last_here=", ToNumber(durable));
  }
  // The log may have lost records since: the server ran without archive, or gave them up.
  const bool has_gap = there.last() != kNoLsn && Next(there.last()) < pin_->first();
  if (has_gap) NoteGap(Next(there.last()), pin_->first());
  // Not behind the last one there: a backup may have brought that, and what lies before it was
  // perhaps still to be archived when the server died.
  pin_->Advance(Next(there.LastFrom(pin_->first())));
  knows_end_ = true;
  MutexLock lock(mutex_);
  stats_.archived = Previous(pin_->first());
  return Status::Ok();
}

Status LogArchive::Upload() {
  LUMA_ASSIGN_OR_RETURN(const Lsn durable, source_.SyncLog());
  WalPin& pin = *pin_;
  return UploadLog(source_, store_, uuid_, pin.first(), durable, [&](uint64_t bytes, Lsn last) {
    pin.Advance(Next(last));
    MutexLock lock(mutex_);
    stats_.archived = last;
    ++stats_.chunks;
    stats_.bytes += bytes;
    return Status::Ok();
  });
}

void LogArchive::GiveUpBacklog() {
  if (source_.PinnedLogBytes() <= options_.backlog_bytes_max) return;
  const auto durable = source_.SyncLog();
  if (!durable.ok()) return;
  if (knows_end_) NoteGap(pin_->first(), Next(*durable));  // else FindEnd will
  pin_->Advance(Next(*durable));
}

void LogArchive::NoteGap(Lsn first_lost, Lsn next) {
  LUMA_LOG(kError, "backup", "log archive has a gap: first_lost={} last_lost={}",
           ToNumber(first_lost), ToNumber(Previous(next)));
  MutexLock lock(mutex_);
  stats_.lost_records += ToNumber(next) - ToNumber(first_lost);
  stats_.archived = Previous(next);
}

void LogArchive::Run() {
  while (true) {
    {
      MutexLock lock(mutex_);
      if (!is_stopping_) wake_.WaitFor(mutex_, options_.interval);
      if (is_stopping_) return;
    }
    ArchiveAndLog();
  }
}

void LogArchive::ArchiveAndLog() {
  const Status status = ArchiveOnce();
  if (!status.ok()) LUMA_LOG(kWarn, "backup", "archiving the log failed: {}", status.message());
}

void LogArchive::Stop() {
  {
    MutexLock lock(mutex_);
    if (is_stopping_) return;
    is_stopping_ = true;
    wake_.NotifyAll();
  }
  if (!thread_.joinable()) return;
  thread_.join();
  ArchiveAndLog();
}

LogArchiveStats LogArchive::stats() const {
  MutexLock lock(mutex_);
  return stats_;
}

}  // namespace luma::storage
