// Reads one segment file: docs/formats/segment.md.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>

#include "base/status.h"
#include "encoding/block.h"
#include "encoding/decoded_block.h"
#include "io/file_system.h"
#include "storage/warm/segment_format.h"
#include "storage/warm/segment_writer.h"

namespace luma::storage {

// What the manifest says about the file; a file that says otherwise is stale or misplaced.
struct ExpectedSegment {
  ObjectId table_id{};
  RunId run_id{};
  SegmentFileInfo file;
};

// Threads: every method from any thread; immutable. Keeps its file open, so that it stays readable
// after the file is removed. Memory: the footer; blocks are read and decoded at every call.
class SegmentReader {
 public:
  // Reads and verifies header and footer. Errors: kCorruption names file and offset, also when the
  // file is not the expected one; kUnsupported for another format version; kNotFound; kIoError.
  static Result<std::shared_ptr<const SegmentReader>> Open(io::FileSystem& fs, const io::Path& path,
                                                           const ExpectedSegment& expected);
  // The same for a file that is open already, on a disk or elsewhere.
  static Result<std::shared_ptr<const SegmentReader>> Open(
      std::shared_ptr<const io::RandomAccessFile> file, const ExpectedSegment& expected);
  // The same for a file of which nothing is known, as inspection tools meet them.
  static Result<std::shared_ptr<const SegmentReader>> OpenUnknown(io::FileSystem& fs,
                                                                  const io::Path& path);

  const io::Path& path() const { return file_->path(); }
  const SegmentIdentity& identity() const { return identity_; }
  uint32_t footer_crc() const { return footer_crc_; }
  uint32_t row_count() const { return footer_.row_count; }
  uint32_t block_count() const { return footer_.block_count(); }
  uint32_t BlockRowCount(uint32_t block) const { return footer_.BlockRowCount(block); }
  std::span<const SegmentColumn> columns() const { return footer_.columns; }
  bool HasColumn(ColumnId column) const { return column_index_.contains(column); }

  // The column must be there and `block` below block_count().
  const ZoneMap& Zone(ColumnId column, uint32_t block) const { return Entry(column, block).zone; }
  // File offset, encoded size and checksum, for reports.
  const SegmentBlock& Entry(ColumnId column, uint32_t block) const;

  // Reads, verifies and decodes one block. Blocks for I/O. Errors: kCorruption names file and
  // offset; kIoError.
  Result<std::shared_ptr<const encoding::DecodedBlock>> ReadBlock(ColumnId column,
                                                                  uint32_t block) const;
  // What the block's header says, read alone and hence unverified. Errors: as ReadBlock.
  Result<encoding::BlockDescription> DescribeBlock(ColumnId column, uint32_t block) const;
  // The block's verified bytes as encoded (docs/formats/block.md).
  Result<Bytes> ReadEncodedBlock(ColumnId column, uint32_t block) const;

 private:
  SegmentReader() = default;
  // `expected_crc`: what the manifest says the footer's checksum is, if it is known.
  Status Load(std::optional<uint32_t> expected_crc);
  Status LoadFooter(ByteSpan header, uint32_t footer_bytes);
  Status CheckExpected(const ExpectedSegment& expected) const;

  std::shared_ptr<const io::RandomAccessFile> file_;
  uint64_t file_bytes_ = 0;
  SegmentIdentity identity_;
  SegmentFooter footer_;
  uint32_t footer_crc_ = 0;
  std::map<ColumnId, uint32_t> column_index_;  // position in footer_.columns
};

}  // namespace luma::storage
