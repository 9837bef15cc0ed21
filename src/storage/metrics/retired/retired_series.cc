#include "storage/metrics/retired/retired_series.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/failpoint.h"
#include "base/log.h"

namespace luma::storage {
namespace {

constexpr std::string_view kIndexName = "index";

io::Path IndexPath(const io::Path& directory) { return io::JoinPath(directory, kIndexName); }

// Of the start before `start`. Errors: kNotFound without a list; of a list that does not count, any
// other.
Result<SeriesIndexFile> ReadIndex(io::FileSystem& fs, const io::Path& directory,
                                  const DatabaseStart& start) {
  LUMA_ASSIGN_OR_RETURN(const Bytes bytes, io::ReadFile(fs, IndexPath(directory)));
  LUMA_ASSIGN_OR_RETURN(SeriesIndexFile index, DecodeSeriesIndex(bytes));
  if (index.uuid != start.uuid) return Status::Corruption("list is of another database");
  if (index.epoch == 0 || index.epoch + 1 != start.epoch) {
    return Status::Corruption("the database was opened without the list: epoch_of_list=",
                              index.epoch, " epoch=", start.epoch);
  }
  return index;
}

bool Has(const RetiredView& view, uint64_t number) {
  return std::ranges::find(view, number, &RetiredPartition::number) != view.end();
}

std::shared_ptr<const SeriesBitmap> Share(SeriesBitmap ids) {
  ids.runOptimize();
  return std::make_shared<const SeriesBitmap>(std::move(ids));
}

}  // namespace

RetiredSeries::RetiredSeries() = default;

RetiredSeries::RetiredSeries(io::FileSystem& fs, io::Path directory, MemoryBudget& budget,
                             const DatabaseStart& start)
    : fs_(&fs), directory_(std::move(directory)), budget_(&budget), start_(start) {}

Result<std::unique_ptr<RetiredSeries>> RetiredSeries::Open(io::FileSystem& fs, io::Path directory,
                                                           MemoryBudget& budget,
                                                           const DatabaseStart& start) {
  const Status made = fs.CreateDirectories(directory);
  if (!made.ok()) {
    LUMA_ASSIGN_OR_RETURN(const bool exists, fs.Exists(directory));
    LUMA_LOG(kWarn, "storage", "directory of series is not made: {}", made.message());
    if (!exists) return std::make_unique<RetiredSeries>();
  }
  std::unique_ptr<RetiredSeries> retired(
      new RetiredSeries(fs, std::move(directory), budget, start));
  LUMA_RETURN_IF_ERROR(retired->Load());
  return retired;
}

Status RetiredSeries::RenewList(io::FileSystem& fs, const io::Path& directory,
                                const DatabaseStart& start) {
  LUMA_ASSIGN_OR_RETURN(SeriesIndexFile index, ReadIndex(fs, directory, start));
  LUMA_RETURN_IF_ERROR(start.keep_epoch());
  index.epoch = start.epoch;
  LUMA_FAILPOINT("series_index.before_write");
  return io::WriteFileAtomically(fs, IndexPath(directory), EncodeSeriesIndex(index));
}

io::Path RetiredSeries::PathOf(uint64_t number) const {
  return io::JoinPath(directory_, fmt::format("{:016x}.series", number));
}

Status RetiredSeries::Load() {
  is_epoch_kept_ = start_.keep_epoch().ok();
  const Result<SeriesIndexFile> index = ReadIndex(*fs_, directory_, start_);
  if (index.status().code() != StatusCode::kNotFound) LUMA_RETURN_IF_ERROR(TakeListed(index));
  RemoveUnlisted();
  return Status::Ok();
}

Status RetiredSeries::TakeListed(const Result<SeriesIndexFile>& index) {
  RetiredView view;
  bool is_damaged = !index.ok();
  if (index.ok()) {
    view = OpenListed(*index, is_damaged);
  } else {
    LUMA_LOG(kWarn, "storage", "series partitions are made anew: directory={} error={}", directory_,
             index.status().message());
  }
  const Status written = WriteIndex(view);
  // Without the mark of this start the list does not count at the next one.
  if (!written.ok()) LUMA_LOG(kWarn, "storage", "list is not renewed: {}", written.message());
  is_behind_ = !written.ok();
  if (!written.ok() && is_damaged) {
    // Series of what is left out get samples from now on: the list must not name it again (2).
    view.clear();
    LUMA_RETURN_IF_ERROR(RemoveIndex());
  }
  Publish(std::move(view));
  return Status::Ok();
}

bool RetiredSeries::MayIndexCountLater() const {
  const Result<Bytes> bytes = io::ReadFile(*fs_, IndexPath(directory_));
  if (!bytes.ok()) return true;
  const Result<SeriesIndexFile> index = DecodeSeriesIndex(*bytes);
  if (!index.ok()) return index.status().code() != StatusCode::kCorruption;
  const bool is_past = is_epoch_kept_ && index->epoch < start_.epoch;
  return index->uuid == start_.uuid && !is_past;
}

Status RetiredSeries::RemoveIndex() {
  const bool may_count = MayIndexCountLater();
  Status removed = fs_->Remove(IndexPath(directory_));
  if (removed.ok()) removed = fs_->SyncDirectory(directory_);
  if (removed.ok() || may_count) return removed;
  LUMA_LOG(kWarn, "storage", "list that does not count stays: {}", removed.message());
  return Status::Ok();
}

RetiredView RetiredSeries::OpenListed(const SeriesIndexFile& index, bool& is_damaged) {
  next_number_ = index.next_number;
  RetiredView view;
  for (const SeriesIndexFile::Partition& listed : index.partitions) {
    Result<RetiredPartition> opened = OpenPartition(listed);
    if (!opened.ok()) {
      LUMA_LOG(kWarn, "storage", "a series partition is made anew: {}", opened.status().message());
      is_damaged = true;
      continue;
    }
    view.push_back(*std::move(opened));
  }
  return view;
}

Result<RetiredPartition> RetiredSeries::OpenPartition(
    const SeriesIndexFile::Partition& listed) const {
  LUMA_ASSIGN_OR_RETURN(const auto file, OpenFile(listed.number));
  if (file->directory_crc() != listed.crc) {
    return Status::Corruption("not the partition of the list: path=", PathOf(listed.number));
  }
  return RetiredPartition{
      .number = listed.number, .file = file, .live = Share(file->ids() - listed.gone)};
}

Result<std::shared_ptr<const SeriesPartition>> RetiredSeries::OpenFile(uint64_t number) const {
  LUMA_ASSIGN_OR_RETURN(auto file, fs_->OpenForRead(PathOf(number)));
  return SeriesPartition::Open(std::move(file));
}

void RetiredSeries::RemoveUnlisted() {
  const RetiredViewPtr current = view();
  const Result<std::vector<std::string>> names = fs_->List(directory_);
  if (!names.ok()) {
    LUMA_LOG(kWarn, "storage", "files may stay: {}", names.status().message());
    return;
  }
  for (const std::string& name : *names) {
    const io::Path path = io::JoinPath(directory_, name);
    const bool is_listed = std::ranges::any_of(*current, [&](const RetiredPartition& partition) {
      return PathOf(partition.number) == path;
    });
    if (!is_listed && name != kIndexName) RemovePath(path);
  }
}

RetiredViewPtr RetiredSeries::view() const {
  MutexLock lock(mutex_);
  return view_;
}

SeriesBitmap RetiredSeries::ids() const {
  SeriesBitmap all;
  const RetiredViewPtr current = view();
  for (const RetiredPartition& partition : *current) all |= *partition.live;
  return all;
}

uint64_t RetiredSeries::ids_end() const {
  uint64_t end = 0;
  const RetiredViewPtr current = view();
  for (const RetiredPartition& partition : *current) {
    const SeriesBitmap& ids = partition.file->ids();
    if (!ids.isEmpty()) end = std::max(end, uint64_t{ids.maximum()} + 1);
  }
  return end;
}

RetiredStats RetiredSeries::stats() const {
  RetiredStats stats;
  const RetiredViewPtr current = view();
  for (const RetiredPartition& partition : *current) {
    ++stats.partitions;
    stats.series += partition.live->cardinality();
    stats.file_bytes += partition.file->file_bytes();
    stats.memory_bytes += partition.file->allocated_bytes() + partition.live->getSizeInBytes();
  }
  return stats;
}

bool RetiredSeries::is_damaged() const {
  const RetiredViewPtr current = view();
  return std::ranges::any_of(
      *current, [](const RetiredPartition& partition) { return partition.file->is_damaged(); });
}

Result<RetiredPartition> RetiredSeries::Write(ByteSpan bytes) {
  LUMA_FAILPOINT("series_partition.before_write");
  const uint64_t number = next_number_++;
  Result<RetiredPartition> written = WriteNumbered(number, bytes);
  if (!written.ok()) {
    RemovePath(PathOf(number));
    RemovePath(PathOf(number) + ".tmp");  // of WriteFileAtomically; the next one has another name
  }
  return written;
}

Result<RetiredPartition> RetiredSeries::WriteNumbered(uint64_t number, ByteSpan bytes) {
  LUMA_RETURN_IF_ERROR(io::WriteFileAtomically(*fs_, PathOf(number), bytes));
  LUMA_ASSIGN_OR_RETURN(const auto partition, OpenFile(number));
  LUMA_FAILPOINT("series_partition.written");
  return RetiredPartition{.number = number, .file = partition, .live = Share(partition->ids())};
}

void RetiredSeries::RemoveFile(const RetiredPartition& partition) {
  RemovePath(PathOf(partition.number));
}

void RetiredSeries::RemovePath(const io::Path& path) {
  const Status removed = fs_->Remove(path);
  const bool is_gone = removed.ok() || removed.code() == StatusCode::kNotFound;
  if (!is_gone) LUMA_LOG(kWarn, "storage", "file stays: {}", removed.message());
}

Bytes RetiredSeries::IndexOf(const RetiredView& view) const {
  SeriesIndexFile index{
      .uuid = start_.uuid, .epoch = is_epoch_kept_ ? start_.epoch : 0, .next_number = next_number_};
  for (const RetiredPartition& partition : view) {
    index.partitions.push_back({.number = partition.number,
                                .crc = partition.file->directory_crc(),
                                .gone = partition.file->ids() - *partition.live});
  }
  return EncodeSeriesIndex(index);
}

Status RetiredSeries::WriteIndex(const RetiredView& view) {
  LUMA_FAILPOINT("series_index.before_write");
  LUMA_RETURN_IF_ERROR(io::WriteFileAtomically(*fs_, IndexPath(directory_), IndexOf(view)));
  is_behind_ = false;
  may_be_ahead_ = false;
  LUMA_FAILPOINT("series_index.written");
  return Status::Ok();
}

void RetiredSeries::Publish(RetiredView view) {
  RetiredViewPtr before;
  const auto next = std::make_shared<const RetiredView>(std::move(view));
  {
    MutexLock lock(mutex_);
    before = std::exchange(view_, next);
  }
  for (const RetiredPartition& partition : *before) {
    if (!Has(*next, partition.number)) RemoveFile(partition);
  }
  memory_.Release();
  memory_ = budget_->BookAlways(BudgetUse::kSeries, stats().memory_bytes);
}

Status RetiredSeries::Replace(std::span<const uint64_t> gone,
                              std::span<const RetiredPartition> added) {
  RetiredView next;
  const RetiredViewPtr current = view();
  for (const RetiredPartition& partition : *current) {
    const bool is_gone = std::ranges::find(gone, partition.number) != gone.end();
    if (!is_gone) next.push_back(partition);
  }
  next.insert(next.end(), added.begin(), added.end());
  const Status written = WriteIndex(next);
  if (!written.ok()) {
    // The name of the new list may have reached the disk, though its sync failed.
    const Result<Bytes> stored = io::ReadFile(*fs_, IndexPath(directory_));
    const bool is_old = stored.status().code() == StatusCode::kNotFound ||
                        (stored.ok() && *stored != IndexOf(next));
    may_be_ahead_ = may_be_ahead_ || !is_old;
    LUMA_LOG(kWarn, "storage", "list of series partitions is uncertain: {}", written.message());
    LUMA_RETURN_IF_ERROR(Settle());
    return written;
  }
  Publish(std::move(next));
  additions_.fetch_add(1, std::memory_order_release);
  return Status::Ok();
}

Status RetiredSeries::Settle() {
  if (is_enabled() && !is_epoch_kept_ && start_.keep_epoch().ok()) {
    is_epoch_kept_ = true;
    is_behind_ = true;
  }
  if (is_behind_ || may_be_ahead_) LUMA_RETURN_IF_ERROR(WriteIndex(*view()));
  return Status::Ok();
}

RetiredView RetiredSeries::Without(const RetiredView& view, const SeriesBitmap& ids) {
  RetiredView next;
  for (RetiredPartition partition : view) {
    if (partition.live->intersect(ids)) partition.live = Share(*partition.live - ids);
    if (!partition.live->isEmpty()) next.push_back(std::move(partition));
  }
  return next;
}

Status RetiredSeries::Forget(const SeriesBitmap& ids) {
  RetiredView next = Without(*view(), ids);
  LUMA_RETURN_IF_ERROR(WriteIndex(next));
  Publish(std::move(next));
  return Status::Ok();
}

void RetiredSeries::ForgetRemoved(const SeriesBitmap& ids) {
  const RetiredViewPtr current = view();
  const bool has_some = std::ranges::any_of(
      *current, [&ids](const RetiredPartition& one) { return one.live->intersect(ids); });
  if (!has_some) return;
  RetiredView next = Without(*current, ids);
  const Status written = WriteIndex(next);
  if (written.ok()) return Publish(std::move(next));
  is_behind_ = true;
  LUMA_LOG(kWarn, "storage", "list of series partitions is behind: {}", written.message());
  // Their files stay, since the list on disk names them.
  for (RetiredPartition partition : *current) {
    if (Has(next, partition.number)) continue;
    partition.live = Share({});
    next.push_back(std::move(partition));
  }
  Publish(std::move(next));
}

}  // namespace luma::storage
