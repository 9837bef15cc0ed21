#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "encoding/testing/format_example.h"
#include "encoding/testing/random_column.h"
#include "encoding/testing/test_seed.h"
#include "io/sim_disk.h"
#include "storage/warm/segment_inspect.h"
#include "storage/warm/segment_reader.h"
#include "storage/warm/segment_testing.h"
#include "storage/warm/segment_writer.h"

namespace luma::storage {
namespace {

using encoding::testing::FormatExample;
using encoding::testing::OwnedColumn;
using encoding::testing::Pattern;
using encoding::testing::RandomColumn;
using encoding::testing::SameRows;
using encoding::testing::TestSeed;
using encoding::testing::ToHex;
using testing::ExampleTable;
using testing::ExpectedOf;
using testing::WriteSegment;

TEST(SegmentTest, ReturnsEveryTypeOverSeveralBlocks) {
  const uint64_t seed = TestSeed();
  LUMA_TRACE_SEED(seed);
  std::mt19937_64 random(seed);
  testing::Table table;
  for (int type = 0; type < kPhysicalTypeCount; ++type) {
    table.columns.push_back(RandomColumn(static_cast<PhysicalType>(type), 2 * kBlockRows + 77,
                                         static_cast<Pattern>(random() % 6), 0.1, random));
  }
  io::SimDisk disk;
  const auto info = WriteSegment(disk, "run", table);
  ASSERT_TRUE(info.ok()) << info.status();
  const auto reader = SegmentReader::Open(disk, "run", ExpectedOf(*info));
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->row_count(), 2 * kBlockRows + 77);
  EXPECT_EQ((*reader)->block_count(), 3u);
  EXPECT_EQ((*reader)->BlockRowCount(2), 77u);
  EXPECT_TRUE(testing::HoldsRowsOf(**reader, table));
}

TEST(SegmentTest, FillsInZoneMapsPerBlock) {
  std::vector<int64_t> values(kBlockRows + 1, 5);
  values.back() = -9;
  testing::Table table;
  table.columns.push_back(OwnedColumn::Of<int64_t>(PhysicalType::kInt64, values));
  io::SimDisk disk;
  const auto info = WriteSegment(disk, "run", table);
  const auto reader = SegmentReader::Open(disk, "run", ExpectedOf(*info));
  ASSERT_TRUE(reader.ok()) << reader.status();
  const ZoneMap& first = (*reader)->Zone(ColumnId{1}, 0);
  EXPECT_EQ(first.min.As<int64_t>(), 5);
  EXPECT_EQ(first.sum_int128.low, 5u * kBlockRows);
  EXPECT_EQ((*reader)->Zone(ColumnId{1}, 1).max.As<int64_t>(), -9);
}

TEST(SegmentTest, AppendsInSeveralCalls) {
  std::mt19937_64 random(1);
  testing::Table table;
  table.columns.push_back(
      RandomColumn(PhysicalType::kInt32, kBlockRows + 100, Pattern::kSmall, 0.5, random));
  io::SimDisk disk;
  auto writer = SegmentWriter::Create(disk, "run", testing::HeaderOf(table), {});
  ASSERT_TRUE(writer.ok());
  const std::vector<ColumnSpan> first = {table.columns[0].Slice(0, kBlockRows)};
  const std::vector<ColumnSpan> rest = {table.columns[0].Slice(kBlockRows, 100)};
  ASSERT_TRUE((*writer)->Append(first).ok());
  ASSERT_TRUE((*writer)->Append(rest).ok());
  const auto info = (*writer)->Finish();
  ASSERT_TRUE(info.ok()) << info.status();
  const auto reader = SegmentReader::Open(disk, "run", ExpectedOf(*info));
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_TRUE(testing::HoldsRowsOf(**reader, table));
}

TEST(SegmentTest, RefusesAFileTheManifestDoesNotMean) {
  io::SimDisk disk;
  const auto info = WriteSegment(disk, "run", ExampleTable());
  const auto expect_corruption = [&](const ExpectedSegment& expected, std::string_view field) {
    const auto reader = SegmentReader::Open(disk, "run", expected);
    ASSERT_FALSE(reader.ok());
    EXPECT_EQ(reader.status().code(), StatusCode::kCorruption);
    EXPECT_THAT(std::string(reader.status().message()), ::testing::HasSubstr("path=run offset="));
    EXPECT_THAT(std::string(reader.status().message()), ::testing::HasSubstr(field));
  };
  ExpectedSegment expected = ExpectedOf(*info);
  expected.table_id = ObjectId{9};
  expect_corruption(expected, "field=table_id");
  expected = ExpectedOf(*info);
  expected.run_id = RunId{9};
  expect_corruption(expected, "field=run_id");
  expected = ExpectedOf(*info);
  expected.file.file_bytes += 1;
  expect_corruption(expected, "field=file_bytes");
  expected = ExpectedOf(*info);
  expected.file.footer_crc ^= 1;
  expect_corruption(expected, "field=footer_crc32c");
  expected = ExpectedOf(*info);
  expected.file.row_count += 1;
  expect_corruption(expected, "field=row_count");
}

TEST(SegmentTest, AnAbandonedWriterLeavesNoFile) {
  io::SimDisk disk;
  {
    const testing::Table table = ExampleTable();
    auto writer = SegmentWriter::Create(disk, "run", testing::HeaderOf(table), {});
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->Append(table.Spans()).ok());
  }
  EXPECT_FALSE(*disk.Exists("run"));
  EXPECT_FALSE(*disk.Exists("run.tmp"));
}

TEST(SegmentTest, DescribesItselfAndItsDamage) {
  io::SimDisk disk;
  const auto info = WriteSegment(disk, "run", ExampleTable());
  ASSERT_TRUE(info.ok());
  std::ostringstream whole;
  EXPECT_TRUE(DescribeSegment(disk, "run", whole).ok());
  EXPECT_THAT(whole.str(), ::testing::HasSubstr("table=16384 run=7 writer_epoch=1 rows=3"));
  EXPECT_THAT(whole.str(), ::testing::HasSubstr("codec=constant nulls=0 min=\"up\" max=\"up\""));

  disk.FlipBit("run", kSegmentHeaderBytes + 3, 0);
  std::ostringstream damaged;
  EXPECT_EQ(DescribeSegment(disk, "run", damaged).code(), StatusCode::kCorruption);
  EXPECT_THAT(damaged.str(),
              ::testing::HasSubstr("DAMAGED: kCorruption: bad segment block checksum"));
  EXPECT_THAT(damaged.str(), ::testing::HasSubstr("min=\"up\""));  // the other block still printed
}

TEST(SegmentFormatTest, WritesTheExampleOfTheFormatDocument) {
  io::SimDisk disk;
  ASSERT_TRUE(WriteSegment(disk, "run", ExampleTable()).ok());
  const Bytes written = *io::ReadFile(disk, "run");
  EXPECT_EQ(ToHex(written), ToHex(FormatExample("segment.md", "the example segment")));
}

TEST(SegmentFormatTest, ReadsTheExampleOfVersion1) {
  io::SimDisk disk;
  ASSERT_TRUE(io::WriteFileAtomically(disk, "run", FormatExample("segment.md", "version 1")).ok());
  const auto reader = SegmentReader::OpenUnknown(disk, "run");
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->identity().version, 1u);
  EXPECT_TRUE(testing::HoldsRowsOf(**reader, ExampleTable()));
}

TEST(SegmentFormatTest, RefusesALaterVersionAsUnsupported) {
  Bytes header = EncodeSegmentHeader({});
  StoreLe<uint32_t>(header.data() + 4, kSegmentVersion + 1);
  StoreLe(header.data() + 28, Crc32c(ByteSpan(header).first(28)));
  EXPECT_EQ(DecodeSegmentHeader(header).status().code(), StatusCode::kUnsupported);
}

}  // namespace
}  // namespace luma::storage
