#include "storage/warm/segment_reader.h"

#include <algorithm>
#include <utility>

namespace luma::storage {
namespace {

Result<Bytes> ReadRange(const io::RandomAccessFile& file, uint64_t offset, uint64_t count) {
  Bytes bytes(count);
  LUMA_RETURN_IF_ERROR(file.ReadAt(offset, bytes));
  return bytes;
}

// The same error with the place it was found at.
Status At(const Status& status, const io::Path& path, uint64_t offset) {
  std::ostringstream message;
  message << status.message() << ": path=" << path << " offset=" << offset;
  return Status(status.code(), std::move(message).str());
}

Status Unexpected(const io::Path& path, uint64_t offset, std::string_view what, uint64_t found,
                  uint64_t expected) {
  return Status::Corruption("segment is not the one the manifest names: path=", path,
                            " offset=", offset, " field=", what, " found=", found,
                            " expected=", expected);
}

// Opens the file and learns its size.
struct OpenedFile {
  std::shared_ptr<const io::RandomAccessFile> file;
  uint64_t bytes = 0;
};
Result<OpenedFile> OpenFile(io::FileSystem& fs, const io::Path& path) {
  LUMA_ASSIGN_OR_RETURN(auto file, fs.OpenForRead(path));
  LUMA_ASSIGN_OR_RETURN(const uint64_t bytes, file->Size());
  return OpenedFile{std::move(file), bytes};
}

}  // namespace

Result<std::shared_ptr<const SegmentReader>> SegmentReader::Open(io::FileSystem& fs,
                                                                 const io::Path& path,
                                                                 const ExpectedSegment& expected) {
  LUMA_ASSIGN_OR_RETURN(auto file, fs.OpenForRead(path));
  return Open(std::move(file), expected);
}

Result<std::shared_ptr<const SegmentReader>> SegmentReader::Open(
    std::shared_ptr<const io::RandomAccessFile> file, const ExpectedSegment& expected) {
  LUMA_ASSIGN_OR_RETURN(const uint64_t bytes, file->Size());
  if (bytes != expected.file.file_bytes) {
    return Unexpected(file->path(), 0, "file_bytes", bytes, expected.file.file_bytes);
  }
  std::shared_ptr<SegmentReader> reader(new SegmentReader);
  reader->file_ = std::move(file);
  reader->file_bytes_ = bytes;
  LUMA_RETURN_IF_ERROR(reader->Load(expected.file.footer_crc));
  LUMA_RETURN_IF_ERROR(reader->CheckExpected(expected));
  return std::shared_ptr<const SegmentReader>(std::move(reader));
}

Result<std::shared_ptr<const SegmentReader>> SegmentReader::OpenUnknown(io::FileSystem& fs,
                                                                        const io::Path& path) {
  LUMA_ASSIGN_OR_RETURN(OpenedFile opened, OpenFile(fs, path));
  std::shared_ptr<SegmentReader> reader(new SegmentReader);
  reader->file_ = std::move(opened.file);
  reader->file_bytes_ = opened.bytes;
  LUMA_RETURN_IF_ERROR(reader->Load(std::nullopt));
  return std::shared_ptr<const SegmentReader>(std::move(reader));
}

Status SegmentReader::Load(std::optional<uint32_t> expected_crc) {
  if (file_bytes_ < kSegmentHeaderBytes + kSegmentTrailerBytes) {
    return Status::Corruption("segment file too short: path=", path(), " bytes=", file_bytes_);
  }
  LUMA_ASSIGN_OR_RETURN(const Bytes header, ReadRange(*file_, 0, kSegmentHeaderBytes));
  auto identity = DecodeSegmentHeader(header);
  if (!identity.ok()) return At(identity.status(), path(), 0);
  identity_ = *identity;

  const uint64_t trailer_offset = file_bytes_ - kSegmentTrailerBytes;
  LUMA_ASSIGN_OR_RETURN(const Bytes trailer_bytes,
                        ReadRange(*file_, trailer_offset, kSegmentTrailerBytes));
  const auto trailer = DecodeSegmentTrailer(trailer_bytes);
  if (!trailer.ok()) return At(trailer.status(), path(), trailer_offset);
  footer_crc_ = trailer->footer_crc32c;
  if (expected_crc.has_value() && footer_crc_ != *expected_crc) {
    return Unexpected(path(), trailer_offset, "footer_crc32c", footer_crc_, *expected_crc);
  }
  return LoadFooter(header, trailer->footer_bytes);
}

Status SegmentReader::LoadFooter(ByteSpan header, uint32_t footer_bytes) {
  const uint64_t trailer_offset = file_bytes_ - kSegmentTrailerBytes;
  if (footer_bytes > trailer_offset - kSegmentHeaderBytes) {
    return Status::Corruption("bad segment footer length: path=", path(),
                              " offset=", trailer_offset, " footer_bytes=", footer_bytes);
  }
  const uint64_t footer_offset = trailer_offset - footer_bytes;
  LUMA_ASSIGN_OR_RETURN(const Bytes bytes, ReadRange(*file_, footer_offset, footer_bytes));
  if (SegmentFooterCrc(header, footer_offset, bytes) != footer_crc_) {
    return Status::Corruption("bad segment footer checksum: path=", path(),
                              " offset=", footer_offset);
  }
  auto footer = DecodeSegmentFooter(bytes, footer_offset);
  if (!footer.ok()) return At(footer.status(), path(), footer_offset);
  footer_ = *std::move(footer);
  for (uint32_t i = 0; i < footer_.columns.size(); ++i) column_index_[footer_.columns[i].id] = i;
  return Status::Ok();
}

Status SegmentReader::CheckExpected(const ExpectedSegment& expected) const {
  if (identity_.table_id != expected.table_id) {
    return Unexpected(path(), 0, "table_id", static_cast<uint32_t>(identity_.table_id),
                      static_cast<uint32_t>(expected.table_id));
  }
  if (identity_.run_id != expected.run_id) {
    return Unexpected(path(), 0, "run_id", static_cast<uint32_t>(identity_.run_id),
                      static_cast<uint32_t>(expected.run_id));
  }
  if (footer_.row_count != expected.file.row_count) {
    return Unexpected(path(), file_bytes_ - kSegmentTrailerBytes, "row_count", footer_.row_count,
                      expected.file.row_count);
  }
  return Status::Ok();
}

const SegmentBlock& SegmentReader::Entry(ColumnId column, uint32_t block) const {
  const auto found = column_index_.find(column);
  LUMA_CHECK(found != column_index_.end() && block < block_count());
  return footer_.blocks[size_t{block} * footer_.columns.size() + found->second];
}

Result<Bytes> SegmentReader::ReadEncodedBlock(ColumnId column, uint32_t block) const {
  const SegmentBlock& entry = Entry(column, block);
  LUMA_ASSIGN_OR_RETURN(Bytes bytes, ReadRange(*file_, entry.offset, entry.bytes));
  if (SegmentBlockCrc(identity_, entry.offset, bytes) != entry.crc32c) {
    return Status::Corruption("bad segment block checksum: path=", path(), " offset=", entry.offset,
                              " bytes=", entry.bytes);
  }
  return bytes;
}

Result<encoding::BlockDescription> SegmentReader::DescribeBlock(ColumnId column,
                                                                uint32_t block) const {
  const SegmentBlock& entry = Entry(column, block);
  const uint64_t header_bytes = std::min<uint64_t>(entry.bytes, encoding::kBlockHeaderBytes);
  LUMA_ASSIGN_OR_RETURN(const Bytes header, ReadRange(*file_, entry.offset, header_bytes));
  auto description = encoding::DescribeBlock(header);
  if (!description.ok()) return At(description.status(), path(), entry.offset);
  return description;
}

Result<std::shared_ptr<const encoding::DecodedBlock>> SegmentReader::ReadBlock(
    ColumnId column, uint32_t block) const {
  const SegmentBlock& entry = Entry(column, block);
  LUMA_ASSIGN_OR_RETURN(const Bytes bytes, ReadEncodedBlock(column, block));
  auto decoded = encoding::DecodeBlock(entry.zone.type, entry.zone.row_count, bytes,
                                       SegmentCodecCount(identity_.version));
  if (!decoded.ok()) return At(decoded.status(), path(), entry.offset);
  return std::make_shared<const encoding::DecodedBlock>(*std::move(decoded));
}

}  // namespace luma::storage
