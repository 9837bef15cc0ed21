#include "storage/warm/segment_writer.h"

#include <algorithm>
#include <utility>

#include "base/failpoint.h"
#include "encoding/run_length.h"

namespace luma::storage {
namespace {

ColumnSpan Slice(const ColumnSpan& column, uint32_t first_row, uint32_t count) {
  LUMA_DCHECK(first_row % 64 == 0);
  ColumnSpan slice = column;
  slice.count = count;
  slice.values += size_t{first_row} * ValueBytes(column.type);
  if (slice.validity != nullptr) slice.validity += first_row / 64;
  return slice;
}

}  // namespace

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::Create(io::FileSystem& fs,
                                                             const io::Path& path,
                                                             SegmentHeader header,
                                                             encoding::EncodeOptions options) {
  LUMA_CHECK(!header.columns.empty());
  std::unique_ptr<SegmentWriter> writer(
      new SegmentWriter(fs, path, std::move(header), std::move(options)));
  LUMA_RETURN_IF_ERROR(writer->Start());
  return writer;
}

SegmentWriter::SegmentWriter(io::FileSystem& fs, io::Path path, SegmentHeader header,
                             encoding::EncodeOptions options)
    : fs_(fs),
      path_(std::move(path)),
      temporary_path_(path_ + ".tmp"),
      header_(std::move(header)),
      options_(std::move(options)) {
  footer_.columns = header_.columns;
}

SegmentWriter::~SegmentWriter() {
  if (published_ || file_ == nullptr) return;
  file_.reset();
  // If this fails too the leftover is deleted at the next start.
  static_cast<void>(fs_.Remove(temporary_path_).ok());
}

Status SegmentWriter::Start() {
  LUMA_FAILPOINT("segment.before_create");
  LUMA_ASSIGN_OR_RETURN(file_, fs_.Create(temporary_path_, io::CreateMode::kTruncate));
  return Write(EncodeSegmentHeader(header_.identity));
}

Status SegmentWriter::Write(ByteSpan bytes) {
  LUMA_RETURN_IF_ERROR(file_->Append(bytes));
  file_bytes_ += bytes.size();
  return Status::Ok();
}

Status SegmentWriter::Append(std::span<const ColumnSpan> columns) {
  LUMA_CHECK(columns.size() == header_.columns.size());
  LUMA_CHECK(footer_.row_count % kBlockRows == 0);  // else an earlier call was the last
  const uint32_t rows = columns[0].count;
  LUMA_CHECK(rows <= UINT32_MAX - footer_.row_count);
  for (uint32_t first = 0; status_.ok() && first < rows; first += kBlockRows) {
    status_ = AppendBlockRow(columns, first, std::min(kBlockRows, rows - first));
  }
  return status_;
}

Status SegmentWriter::AppendBlockRow(std::span<const ColumnSpan> columns, uint32_t first_row,
                                     uint32_t count) {
  encoding::Runs groups;
  encoding::EncodeOptions options = options_;
  if (header_.group_column) {
    groups = encoding::FindRuns(Slice(columns[*header_.group_column], first_row, count));
    options.group_rows = groups.lengths;
  }
  Bytes encoded;
  for (size_t i = 0; i < columns.size(); ++i) {
    LUMA_CHECK(columns[i].type == header_.columns[i].type);
    const ColumnSpan rows = Slice(columns[i], first_row, count);
    const size_t begin = encoded.size();
    encoding::AppendBlock(rows, options, encoded);
    const ByteSpan block = ByteSpan(encoded).subspan(begin);
    const uint64_t offset = file_bytes_ + begin;
    footer_.blocks.push_back({offset, block.size(),
                              SegmentBlockCrc(header_.identity, offset, block),
                              ComputeZoneMap(rows)});
  }
  footer_.row_count += count;
  LUMA_FAILPOINT("segment.before_block_write");
  return Write(encoded);
}

Status SegmentWriter::Sync() {
  if (status_.ok()) status_ = file_->Sync();
  return status_;
}

Result<SegmentFileInfo> SegmentWriter::Finish() {
  LUMA_CHECK(!published_);
  if (!status_.ok()) return status_;
  LUMA_CHECK(footer_.row_count > 0);
  auto info = WriteFooterAndPublish();
  status_ = info.status();
  return info;
}

Result<SegmentFileInfo> SegmentWriter::WriteFooterAndPublish() {
  const Bytes footer = EncodeSegmentFooter(footer_);
  const uint32_t crc = SegmentFooterCrc(EncodeSegmentHeader(header_.identity), file_bytes_, footer);
  if (footer.size() > UINT32_MAX) {
    return Status::TooLarge("segment footer too large: path=", path_, " bytes=", footer.size());
  }
  LUMA_FAILPOINT("segment.before_footer_write");
  LUMA_RETURN_IF_ERROR(Write(footer));
  LUMA_RETURN_IF_ERROR(Write(EncodeSegmentTrailer({static_cast<uint32_t>(footer.size()), crc})));
  LUMA_RETURN_IF_ERROR(Publish());
  return SegmentFileInfo{file_bytes_, footer_.row_count, crc};
}

Status SegmentWriter::Publish() {
  LUMA_FAILPOINT("segment.before_sync");
  LUMA_RETURN_IF_ERROR(file_->Sync());
  LUMA_RETURN_IF_ERROR(file_->Close());
  LUMA_FAILPOINT("segment.before_rename");
  LUMA_RETURN_IF_ERROR(fs_.Rename(temporary_path_, path_));
  published_ = true;
  LUMA_FAILPOINT("segment.before_directory_sync");
  return fs_.SyncDirectory(io::ParentPath(path_));  // otherwise power loss can undo the rename
}

}  // namespace luma::storage
