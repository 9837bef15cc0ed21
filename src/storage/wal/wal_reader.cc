#include "storage/wal/wal_reader.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "storage/wal/record_walker.h"
#include "storage/wal/wal_directory.h"

namespace luma::storage {
namespace {

Status Damaged(const WalFile& file, uint64_t offset, std::string_view what) {
  return Status::Corruption("log is damaged: ", what, ": path=", file.path, " offset=", offset);
}

// Hands out the records below `end` and leaves `walker` at the first byte that is no valid record.
Status DeliverRecords(const WalFile& file, uint64_t end, Lsn from,
                      const WalRecordCallback& callback, RecordWalker& walker) {
  while (const auto record = walker.Next(end)) {
    if (record->kind == WalRecordKind::kData && record->lsn >= from) {
      LUMA_RETURN_IF_ERROR(callback(record->lsn, walker.Payload(*record)));
    }
    if (record->kind == WalRecordKind::kNextFile) {
      return Damaged(file, walker.offset(), "the next file is missing");
    }
    walker.Advance(*record);
  }
  return Status::Ok();
}

// A file that is not the newest: `next` says where and how it ends.
Status ReplayClosedFile(io::FileSystem& fs, const WalFile& file, const WalFile& next, Lsn from,
                        const WalRecordCallback& callback) {
  const uint64_t end = next.header.previous_end;
  if (end < kWalFileHeaderBytes || end > file.header.file_bytes) {
    return Damaged(next, 0, "it begins outside the file before it");
  }
  LUMA_ASSIGN_OR_RETURN(const Bytes bytes, ReadWalFile(fs, file, end));
  RecordWalker walker(file, bytes);
  LUMA_RETURN_IF_ERROR(DeliverRecords(file, end, from, callback, walker));
  if (walker.offset() != end) return Damaged(file, walker.offset(), "no valid record");
  if (walker.last_crc() != next.header.previous_crc ||
      Next(walker.last_lsn()) != next.header.first_lsn ||
      next.header.id.log_id != file.header.id.log_id) {
    return Damaged(next, 0, "it does not continue the file before it");
  }
  return Status::Ok();
}

Result<WalEnd> ReplayNewestFile(io::FileSystem& fs, const WalFile& file, Lsn from,
                                const WalRecordCallback& callback) {
  LUMA_ASSIGN_OR_RETURN(const Bytes bytes, ReadWalFile(fs, file, file.header.file_bytes));
  RecordWalker walker(file, bytes);
  LUMA_RETURN_IF_ERROR(DeliverRecords(file, bytes.size(), from, callback, walker));
  if (walker.SyncedAfterDamage() > walker.last_lsn()) {
    return Damaged(file, walker.offset(), "a record that was durable is not valid");
  }
  return WalEnd{.last_lsn = walker.last_lsn(),
                .file = file.header.id,
                .end_offset = walker.offset(),
                .last_crc = walker.last_crc(),
                .files = {}};
}

// The files that hold the records from `from` on, oldest first.
Result<std::vector<WalFile>> FilesFrom(io::FileSystem& fs, const io::Path& directory, Lsn from) {
  LUMA_ASSIGN_OR_RETURN(const WalDirectory names, ListWalDirectory(fs, directory));
  std::vector<WalFile> files;
  for (size_t i = names.sequences.size(); i-- > 0;) {
    LUMA_ASSIGN_OR_RETURN(WalFile file, OpenWalFile(fs, directory, names.sequences[i]));
    if (!files.empty() && file.header.id.sequence + 1 != files.back().header.id.sequence) break;
    files.push_back(std::move(file));
    if (files.back().header.first_lsn <= from) break;
  }
  std::reverse(files.begin(), files.end());
  const Lsn first = files.empty() ? kFirstLsn : files.front().header.first_lsn;
  if (first > from) {
    return Status::Corruption("log begins after the records that are needed: path=", directory,
                              " first_lsn=", ToNumber(first), " needed_lsn=", ToNumber(from));
  }
  return files;
}

}  // namespace

Result<WalEnd> ReplayWal(io::FileSystem& fs, const io::Path& directory, Lsn from,
                         const WalRecordCallback& callback) {
  LUMA_ASSIGN_OR_RETURN(const std::vector<WalFile> files, FilesFrom(fs, directory, from));
  for (size_t i = 0; i + 1 < files.size(); ++i) {
    LUMA_RETURN_IF_ERROR(ReplayClosedFile(fs, files[i], files[i + 1], from, callback));
  }
  WalEnd end;
  if (!files.empty()) {
    LUMA_ASSIGN_OR_RETURN(end, ReplayNewestFile(fs, files.back(), from, callback));
  }
  for (const WalFile& file : files) {
    end.files.push_back({file.header.id.sequence, file.header.first_lsn, file.header.file_bytes});
  }
  if (Next(end.last_lsn) < from) {
    return Status::Corruption("log ends before the records that are needed: path=", directory,
                              " last_lsn=", ToNumber(end.last_lsn), " needed_lsn=", ToNumber(from));
  }
  return end;
}

}  // namespace luma::storage
