// Writes one segment file: docs/formats/segment.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/column.h"
#include "base/status.h"
#include "encoding/block.h"
#include "io/file_system.h"
#include "storage/warm/segment_format.h"

namespace luma::storage {

struct SegmentHeader {
  SegmentIdentity identity;
  std::vector<SegmentColumn> columns;  // at least one, ids distinct
  // The column whose changes of value begin groups of rows (EncodeOptions::group_rows), not of
  // strings: the first one that the rows are sorted by.
  std::optional<size_t> group_column = std::nullopt;
};

// What the manifest records of a finished segment.
struct SegmentFileInfo {
  uint64_t file_bytes = 0;
  uint32_t row_count = 0;
  uint32_t footer_crc = 0;
};

// Threads: one at a time. Lifetime: `fs` must outlive the writer.
// Errors: kIoError and kDiskFull. After one the writer is done for: every later call returns it.
// A writer destroyed before Finish() returned OK removes its temporary file if it can.
class SegmentWriter {
 public:
  // Writes to "<path>.tmp", replacing a leftover of that name; `path` appears with Finish().
  static Result<std::unique_ptr<SegmentWriter>> Create(io::FileSystem& fs, const io::Path& path,
                                                       SegmentHeader header,
                                                       encoding::EncodeOptions options);
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

  // Appends rows: one span per column, in the header's order and types, all of one count. Only the
  // last call may have a count that is no multiple of kBlockRows. Encodes and writes at once; holds
  // no rows.
  Status Append(std::span<const ColumnSpan> columns);

  // Writes the footer, syncs, renames to `path` and syncs the directory. When it returns OK the
  // segment is durable and whole; until the manifest names it, it is garbage. At least one row must
  // have been appended.
  Result<SegmentFileInfo> Finish();

  // Written so far.
  uint64_t file_bytes() const { return file_bytes_; }
  // Puts what is written on the disk, so that Finish has little left to wait for.
  Status Sync();

 private:
  SegmentWriter(io::FileSystem& fs, io::Path path, SegmentHeader header,
                encoding::EncodeOptions options);
  Status Start();
  Status AppendBlockRow(std::span<const ColumnSpan> columns, uint32_t first_row, uint32_t count);
  Status Write(ByteSpan bytes);
  Result<SegmentFileInfo> WriteFooterAndPublish();
  Status Publish();

  io::FileSystem& fs_;
  const io::Path path_;
  const io::Path temporary_path_;
  const SegmentHeader header_;
  const encoding::EncodeOptions options_;
  std::unique_ptr<io::WritableFile> file_;
  uint64_t file_bytes_ = 0;
  SegmentFooter footer_;
  Status status_;  // the first error
  bool published_ = false;
};

}  // namespace luma::storage
