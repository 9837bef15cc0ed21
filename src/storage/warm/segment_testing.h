// Small tables as segment files, for the tests of segments.
#pragma once

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "encoding/testing/random_column.h"
#include "storage/warm/segment_reader.h"
#include "storage/warm/segment_writer.h"

namespace luma::storage::testing {

inline constexpr SegmentIdentity kIdentity{ObjectId{16384}, RunId{7}, 1};

// Column i has id i + 1.
struct Table {
  std::vector<encoding::testing::OwnedColumn> columns;

  std::vector<ColumnSpan> Spans() const {
    std::vector<ColumnSpan> spans;
    for (const auto& column : columns) spans.push_back(column.span());
    return spans;
  }
};

// The table of the example in docs/formats/segment.md.
inline Table ExampleTable() {
  Table table;
  table.columns.push_back(
      encoding::testing::OwnedColumn::Of<int64_t>(PhysicalType::kInt64, {10, 11, 0}));
  table.columns[0].SetNull(2);
  table.columns.push_back(encoding::testing::OwnedColumn::OfStrings({"up", "up", "up"}));
  return table;
}

inline SegmentHeader HeaderOf(const Table& table) {
  SegmentHeader header{kIdentity, {}};
  for (const ColumnSpan& span : table.Spans()) {
    header.columns.push_back({static_cast<ColumnId>(header.columns.size() + 1), span.type});
  }
  return header;
}

inline Result<SegmentFileInfo> WriteSegment(io::FileSystem& fs, const io::Path& path,
                                            const Table& table) {
  LUMA_ASSIGN_OR_RETURN(const auto writer, SegmentWriter::Create(fs, path, HeaderOf(table), {}));
  LUMA_RETURN_IF_ERROR(writer->Append(table.Spans()));
  return writer->Finish();
}

inline ExpectedSegment ExpectedOf(const SegmentFileInfo& info) {
  return {kIdentity.table_id, kIdentity.run_id, info};
}

// Whether every block of every column reads as the table's rows; the error of a block that does not
// read is in `error`.
inline ::testing::AssertionResult HoldsRowsOf(const SegmentReader& reader, const Table& table,
                                              Status* error = nullptr) {
  for (size_t column = 0; column < table.columns.size(); ++column) {
    for (uint32_t block = 0; block < reader.block_count(); ++block) {
      const auto decoded = reader.ReadBlock(static_cast<ColumnId>(column + 1), block);
      if (!decoded.ok()) {
        if (error != nullptr) *error = decoded.status();
        return ::testing::AssertionFailure() << decoded.status();
      }
      encoding::AlignedBuffer scratch;
      const ColumnSpan wanted =
          table.columns[column].Slice(block * kBlockRows, reader.BlockRowCount(block));
      if (!encoding::testing::SameRows((*decoded)->Flatten(scratch), wanted)) {
        return ::testing::AssertionFailure()
               << "other rows: column=" << column + 1 << " block=" << block;
      }
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace luma::storage::testing
