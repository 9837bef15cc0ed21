#include "storage/backup/stored_segment.h"

#include <algorithm>
#include <utility>

namespace luma::storage {
namespace {

// The bytes [from, to), which the footer's checksum covers.
Status AddRange(const io::RandomAccessFile& file, uint64_t from, uint64_t to, PartUpload& upload) {
  Bytes bytes(to - from);
  LUMA_RETURN_IF_ERROR(file.ReadAt(from, bytes));
  return upload.Add(bytes);
}

// Nothing lies between the blocks of a file (docs/formats/segment.md).
Status AddBlocks(const SegmentReader& reader, PartUpload& upload) {
  for (uint32_t block = 0; block < reader.block_count(); ++block) {
    for (const SegmentColumn& column : reader.columns()) {
      LUMA_ASSIGN_OR_RETURN(const Bytes bytes, reader.ReadEncodedBlock(column.id, block));
      LUMA_RETURN_IF_ERROR(upload.Add(bytes));
    }
  }
  return Status::Ok();
}

uint64_t EndOfBlocks(const SegmentReader& reader) {
  const SegmentBlock& last = reader.Entry(reader.columns().back().id, reader.block_count() - 1);
  return last.offset + last.bytes;
}

Status VerifyBlocks(const SegmentReader& reader) {
  for (uint32_t block = 0; block < reader.block_count(); ++block) {
    for (const SegmentColumn& column : reader.columns()) {
      LUMA_RETURN_IF_ERROR(reader.ReadEncodedBlock(column.id, block).status());
    }
  }
  return Status::Ok();
}

}  // namespace

ExpectedSegment ExpectedOf(ObjectId table, const RunRecord& record) {
  return {.table_id = table,
          .run_id = record.id,
          .file = {.file_bytes = record.file_bytes,
                   .row_count = record.row_count,
                   .footer_crc = record.footer_crc}};
}

Status UploadSegment(io::FileSystem& fs, const io::Path& path, const ExpectedSegment& expected,
                     io::ObjectStore& store, const std::string& prefix, const StoredParts& there,
                     const OnPart& on_part) {
  LUMA_ASSIGN_OR_RETURN(const auto file, fs.OpenForRead(path));
  LUMA_ASSIGN_OR_RETURN(const auto reader, SegmentReader::Open(file, expected));
  PartUpload upload(store, prefix, there, on_part);
  LUMA_RETURN_IF_ERROR(AddRange(*file, 0, kSegmentHeaderBytes, upload));
  LUMA_RETURN_IF_ERROR(AddBlocks(*reader, upload));
  LUMA_RETURN_IF_ERROR(AddRange(*file, EndOfBlocks(*reader), expected.file.file_bytes, upload));
  return upload.Finish();
}

Status DownloadSegment(io::ObjectStore& store, const std::string& prefix,
                       const ExpectedSegment& expected, io::FileSystem& fs, const io::Path& path,
                       const OnPart& on_part) {
  const uint64_t file_bytes = expected.file.file_bytes;
  LUMA_ASSIGN_OR_RETURN(const auto file, fs.Create(path, io::CreateMode::kTruncate));
  for (uint64_t part = 0; part < PartCount(file_bytes); ++part) {
    LUMA_ASSIGN_OR_RETURN(const Bytes bytes, GetPart(store, prefix, file_bytes, part));
    LUMA_RETURN_IF_ERROR(file->Append(bytes));
    LUMA_RETURN_IF_ERROR(on_part(bytes.size()));
  }
  LUMA_RETURN_IF_ERROR(file->Sync());
  LUMA_RETURN_IF_ERROR(file->Close());
  const auto reader = SegmentReader::Open(fs, path, expected);
  const Status status = reader.ok() ? VerifyBlocks(**reader) : reader.status();
  return status.WithContext("backup is damaged: " + prefix);
}

Result<size_t> StoredFile::ReadSome(uint64_t offset, std::span<std::byte> to) const {
  MutexLock lock(mutex_);
  size_t done = 0;
  while (done < to.size() && offset + done < size_bytes_) {
    const uint64_t at = offset + done;
    LUMA_RETURN_IF_ERROR(LoadPart(at / kPartBytes));
    const ByteSpan rest = ByteSpan(loaded_).subspan(at % kPartBytes);
    const size_t taken = std::min(rest.size(), to.size() - done);
    std::copy_n(rest.begin(), taken, to.begin() + static_cast<ptrdiff_t>(done));
    done += taken;
  }
  return done;
}

Status StoredFile::LoadPart(uint64_t part) const {
  if (loaded_part_ == part) return Status::Ok();
  LUMA_ASSIGN_OR_RETURN(loaded_, GetPart(store_, prefix_, size_bytes_, part));
  loaded_part_ = part;
  return Status::Ok();
}

Result<std::shared_ptr<const io::Mapping>> StoredFile::Map() const {
  return Status::Unsupported("a file in a backup cannot be mapped: key=", prefix_);
}

}  // namespace luma::storage
