// Goal: a damaged segment file is never silently read as other rows.
// Method: flip every bit of a small segment, and cut it at every length; each time open it, as the
// manifest would and as an inspection tool would, and read everything.
#include <gtest/gtest.h>

#include "io/sim_disk.h"
#include "storage/warm/segment_testing.h"

namespace luma::storage {
namespace {

using testing::ExampleTable;
using testing::ExpectedOf;
using testing::HoldsRowsOf;
using testing::WriteSegment;

// Every type, long strings, nulls: still a small file.
testing::Table SmallTable() {
  std::mt19937_64 random(7);
  testing::Table table;
  for (int type = 0; type < kPhysicalTypeCount; ++type) {
    table.columns.push_back(encoding::testing::RandomColumn(
        static_cast<PhysicalType>(type), 20, encoding::testing::Pattern::kSmall, 0.2, random));
  }
  return table;
}

// True if the damage was noticed at open or at a read.
bool IsNoticed(const Result<std::shared_ptr<const SegmentReader>>& reader,
               const testing::Table& table) {
  if (!reader.ok()) return reader.status().code() == StatusCode::kCorruption;
  Status error;
  static_cast<void>(static_cast<bool>(HoldsRowsOf(**reader, table, &error)));
  return error.code() == StatusCode::kCorruption;
}

TEST(SegmentDamageTest, EveryFlippedBitIsNoticed) {
  const testing::Table table = SmallTable();
  io::SimDisk disk;
  const auto info = WriteSegment(disk, "run", table);
  ASSERT_TRUE(info.ok()) << info.status();
  for (uint64_t offset = 0; offset < info->file_bytes; ++offset) {
    for (int bit = 0; bit < 8; ++bit) {
      SCOPED_TRACE(::testing::Message() << "offset " << offset << " bit " << bit);
      disk.FlipBit("run", offset, bit);
      ASSERT_TRUE(IsNoticed(SegmentReader::Open(disk, "run", ExpectedOf(*info)), table));
      ASSERT_TRUE(IsNoticed(SegmentReader::OpenUnknown(disk, "run"), table));
      disk.FlipBit("run", offset, bit);
    }
  }
  const auto reader = SegmentReader::Open(disk, "run", ExpectedOf(*info));
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_TRUE(HoldsRowsOf(**reader, table));
}

TEST(SegmentDamageTest, EveryTruncationIsNoticed) {
  const testing::Table table = ExampleTable();
  io::SimDisk disk;
  const auto info = WriteSegment(disk, "run", table);
  ASSERT_TRUE(info.ok()) << info.status();
  const Bytes whole = *io::ReadFile(disk, "run");
  for (size_t length = 0; length < whole.size(); ++length) {
    SCOPED_TRACE(::testing::Message() << "length " << length);
    ASSERT_TRUE(io::WriteFileAtomically(disk, "cut", ByteSpan(whole).first(length)).ok());
    ASSERT_TRUE(IsNoticed(SegmentReader::Open(disk, "cut", ExpectedOf(*info)), table));
    ASSERT_TRUE(IsNoticed(SegmentReader::OpenUnknown(disk, "cut"), table));
  }
}

TEST(SegmentDamageTest, ABlockOfAnotherPlaceOrRunIsNoticed) {
  testing::Table table;
  table.columns.push_back(encoding::testing::OwnedColumn::Of<int64_t>(
      PhysicalType::kInt64, std::vector<int64_t>(2 * kBlockRows, 1)));
  io::SimDisk disk;
  const auto info = WriteSegment(disk, "run", table);
  ASSERT_TRUE(info.ok()) << info.status();
  const auto reader = SegmentReader::Open(disk, "run", ExpectedOf(*info));
  ASSERT_TRUE(reader.ok()) << reader.status();
  const SegmentBlock& first = (*reader)->Entry(ColumnId{1}, 0);
  const SegmentBlock& second = (*reader)->Entry(ColumnId{1}, 1);
  const Bytes block = *(*reader)->ReadEncodedBlock(ColumnId{1}, 0);
  ASSERT_EQ(block, *(*reader)->ReadEncodedBlock(ColumnId{1}, 1));  // the same rows, the same bytes
  EXPECT_NE(first.crc32c, second.crc32c);
  SegmentIdentity other_run = testing::kIdentity;
  other_run.run_id = RunId{8};
  EXPECT_NE(first.crc32c, SegmentBlockCrc(other_run, first.offset, block));
}

}  // namespace
}  // namespace luma::storage
