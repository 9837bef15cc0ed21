#include "storage/wal/wal_range.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "storage/wal/record_walker.h"
#include "storage/wal/wal_directory.h"

namespace luma::storage {
namespace {

Status Damaged(const WalFile& file, uint64_t offset, std::string_view what) {
  return Status::Corruption("log is damaged: ", what, ": path=", file.path, " offset=", offset);
}

// The files with records from..through, oldest first. A file that is started meanwhile only holds
// later ones; files below `from` may vanish and are not touched.
Result<std::vector<WalFile>> FilesOf(io::FileSystem& fs, const io::Path& directory, Lsn from,
                                     Lsn through) {
  LUMA_ASSIGN_OR_RETURN(const WalDirectory names, ListWalDirectory(fs, directory));
  std::vector<WalFile> files;
  for (size_t i = names.sequences.size(); i-- > 0;) {
    LUMA_ASSIGN_OR_RETURN(WalFile file, OpenWalFile(fs, directory, names.sequences[i]));
    if (file.header.first_lsn > through) continue;
    files.push_back(std::move(file));
    if (files.back().header.first_lsn <= from) break;
  }
  std::reverse(files.begin(), files.end());
  if (!files.empty() && files.front().header.first_lsn <= from) return files;
  return Status::Corruption("log begins after the records that are needed: path=", directory,
                            " needed_lsn=", ToNumber(from));
}

// Hands out the records of one file up to `last`, which it holds.
Status DeliverFile(io::FileSystem& fs, const WalFile& file, Lsn from, Lsn last,
                   const WalRecordCallback& callback) {
  LUMA_ASSIGN_OR_RETURN(const Bytes bytes, ReadWalFile(fs, file, file.header.file_bytes));
  RecordWalker walker(file, bytes);
  while (walker.last_lsn() < last) {
    const auto record = walker.Next(bytes.size());
    if (!record) return Damaged(file, walker.offset(), "no valid record");
    if (record->kind == WalRecordKind::kData && record->lsn >= from) {
      LUMA_RETURN_IF_ERROR(callback(record->lsn, walker.Payload(*record)));
    }
    walker.Advance(*record);
  }
  return Status::Ok();
}

}  // namespace

Status ReadWalRange(io::FileSystem& fs, const io::Path& directory, Lsn from, Lsn through,
                    const WalRecordCallback& callback) {
  if (from > through) return Status::Ok();
  LUMA_ASSIGN_OR_RETURN(const std::vector<WalFile> files, FilesOf(fs, directory, from, through));
  for (size_t i = 0; i < files.size(); ++i) {
    const bool is_last = i + 1 == files.size();
    const Lsn last = is_last ? through : Previous(files[i + 1].header.first_lsn);
    LUMA_RETURN_IF_ERROR(DeliverFile(fs, files[i], from, last, callback));
  }
  return Status::Ok();
}

}  // namespace luma::storage
