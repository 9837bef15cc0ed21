#include "storage/wal/wal_appender.h"

#include <array>
#include <random>
#include <utility>

#include "base/crc32c.h"
#include "base/failpoint.h"
#include "storage/wal/record_walker.h"
#include "storage/wal/wal_directory.h"

namespace luma::storage {
namespace {

// Where Add leaves the payload's length for Seal; the same place as in the finished header.
constexpr size_t kLengthOffset = 8;

uint64_t RandomLogId() {
  std::random_device device;
  return static_cast<uint64_t>(device()) << 32 | device();
}

// Writes the records of the newest file over themselves. An earlier process may have met a failed
// sync there: then the page cache shows records that the kernel takes for written and never writes
// again, and a sync alone would succeed without saving them.
Status RewriteRecords(io::FileSystem& fs, const io::Path& directory, const WalEnd& end,
                      io::WritableFile& to) {
  LUMA_ASSIGN_OR_RETURN(const WalFile file, OpenWalFile(fs, directory, end.file.sequence));
  LUMA_ASSIGN_OR_RETURN(const Bytes bytes, ReadWalFile(fs, file, end.end_offset));
  RecordWalker walker(file, bytes);
  while (const auto record = walker.Next(bytes.size())) walker.Advance(*record);
  // The chain of checksums says that the replay has seen these very bytes.
  if (walker.offset() != end.end_offset || walker.last_crc() != end.last_crc) {
    return Status::Corruption("log has changed since it was replayed: path=", file.path,
                              " offset=", walker.offset());
  }
  return to.WriteAt(kWalFileHeaderBytes, ByteSpan(bytes).subspan(kWalFileHeaderBytes));
}

}  // namespace

void WalChunk::Add(ByteSpan payload) {
  const size_t at = bytes_.size();
  bytes_.resize(at + WalRecordBytes(payload.size()));
  StoreLe(bytes_.data() + at + kLengthOffset, static_cast<uint32_t>(payload.size()));
  if (!payload.empty()) {
    std::memcpy(bytes_.data() + at + kWalRecordHeaderBytes, payload.data(), payload.size());
  }
  ++records_;
}

WalAppender::WalAppender(io::FileSystem& fs, io::Path directory, const WalEnd& end)
    : fs_(&fs),
      directory_(std::move(directory)),
      id_(end.file),
      epoch_(end.file.epoch + 1),
      file_bytes_(end.files.empty() ? 0 : end.files.back().file_bytes),
      end_offset_(end.end_offset),
      last_crc_(end.last_crc),
      last_lsn_(end.last_lsn),
      marked_lsn_(end.last_lsn) {
  if (end.file.sequence == 0) id_.log_id = RandomLogId();
  seed_ = WalRecordSeed(id_);
}

Result<WalAppender> WalAppender::Open(io::FileSystem& fs, io::Path directory, const WalEnd& end) {
  WalAppender appender(fs, std::move(directory), end);
  if (end.file.sequence != 0) {
    const auto path = io::JoinPath(appender.directory_, WalFileName(end.file.sequence));
    LUMA_ASSIGN_OR_RETURN(appender.file_, fs.OpenForWrite(path));
    LUMA_RETURN_IF_ERROR(RewriteRecords(fs, appender.directory_, end, *appender.file_));
    LUMA_RETURN_IF_ERROR(appender.Sync());
  }
  return appender;
}

Status WalAppender::Write(WalChunk& chunk, Lsn synced) {
  if (chunk.new_file()) {
    LUMA_RETURN_IF_ERROR(StartFile(*chunk.new_file()));
    synced = last_lsn_;
  }
  LUMA_CHECK(end_offset_ + chunk.size() + kWalRecordHeaderBytes <= file_bytes_);
  SealChunk(chunk, synced);
  LUMA_FAILPOINT("wal.before_write");
  LUMA_RETURN_IF_ERROR(file_->WriteAt(end_offset_, chunk.bytes()));
  LUMA_FAILPOINT("wal.after_write");
  end_offset_ += chunk.size();
  return Status::Ok();
}

void WalAppender::SealChunk(WalChunk& chunk, Lsn synced) {
  Bytes& bytes = chunk.bytes();
  for (size_t at = 0; at < bytes.size();) {
    const auto payload_bytes = LoadLe<uint32_t>(bytes.data() + at + kLengthOffset);
    const uint64_t record_bytes = WalRecordBytes(payload_bytes);
    const ByteSpan padded =
        ByteSpan(bytes).subspan(at, record_bytes).subspan(kWalRecordHeaderBytes);
    last_lsn_ = Next(last_lsn_);
    const WalRecordHeader header{.kind = WalRecordKind::kData,
                                 .payload_bytes = payload_bytes,
                                 .payload_crc = Crc32c(padded),
                                 .previous_crc = last_crc_,
                                 .lsn = last_lsn_,
                                 .synced_lsn = synced};
    last_crc_ = EncodeWalRecordHeader(header, seed_, bytes.data() + at);
    at += record_bytes;
  }
}

Status WalAppender::Sync() {
  LUMA_FAILPOINT("wal.before_sync");
  LUMA_RETURN_IF_ERROR(file_->Sync());
  LUMA_FAILPOINT("wal.after_sync");
  return Status::Ok();
}

Status WalAppender::WriteMark(Lsn synced) {
  LUMA_CHECK(end_offset_ + kWalRecordHeaderBytes <= file_bytes_);
  LUMA_ASSIGN_OR_RETURN(last_crc_, WriteEmptyRecord(WalRecordKind::kMark, synced));
  end_offset_ += kWalRecordHeaderBytes;
  marked_lsn_ = synced;
  return Status::Ok();
}

Result<uint32_t> WalAppender::WriteEmptyRecord(WalRecordKind kind, Lsn synced) {
  std::array<std::byte, kWalRecordHeaderBytes> bytes;
  const WalRecordHeader header{
      .kind = kind, .previous_crc = last_crc_, .lsn = last_lsn_, .synced_lsn = synced};
  const uint32_t crc = EncodeWalRecordHeader(header, seed_, bytes.data());
  LUMA_RETURN_IF_ERROR(file_->WriteAt(end_offset_, bytes));
  return crc;
}

// The order of the steps is the proof that a log file always has a valid header, and that bytes
// below a header's previous_end are durable (docs/formats/wal.md, "Writing").
Status WalAppender::StartFile(const WalSpare& spare) {
  if (file_) LUMA_RETURN_IF_ERROR(Sync());
  WalFileHeader header{.id = id_,
                       .file_bytes = spare.file_bytes,
                       .first_lsn = Next(last_lsn_),
                       .previous_end = end_offset_,
                       .previous_crc = last_crc_};
  header.id.epoch = epoch_;
  ++header.id.sequence;
  std::array<std::byte, kWalFileHeaderBytes> bytes;
  const uint32_t header_crc = EncodeWalFileHeader(header, bytes.data());

  LUMA_ASSIGN_OR_RETURN(std::shared_ptr<io::WritableFile> file, fs_->OpenForWrite(spare.path));
  LUMA_RETURN_IF_ERROR(file->WriteAt(0, bytes));
  LUMA_RETURN_IF_ERROR(file->Sync());
  LUMA_FAILPOINT("wal.before_rename");
  LUMA_RETURN_IF_ERROR(
      fs_->Rename(spare.path, io::JoinPath(directory_, WalFileName(header.id.sequence))));
  LUMA_FAILPOINT("wal.after_rename");
  LUMA_RETURN_IF_ERROR(fs_->SyncDirectory(directory_));
  if (file_ && end_offset_ + kWalRecordHeaderBytes <= file_bytes_) {
    LUMA_ASSIGN_OR_RETURN(last_crc_, WriteEmptyRecord(WalRecordKind::kNextFile, last_lsn_));
  }

  started_ = true;
  marked_lsn_ = last_lsn_;
  file_ = std::move(file);
  id_ = header.id;
  file_bytes_ = spare.file_bytes;
  seed_ = WalRecordSeed(id_);
  end_offset_ = kWalFileHeaderBytes;
  last_crc_ = header_crc;
  return Status::Ok();
}

}  // namespace luma::storage
