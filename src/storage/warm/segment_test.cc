#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
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

TEST(SegmentFormatTest, ReadsTheExamplesOfOlderVersions) {
  for (const uint32_t version : {1u, 2u}) {
    io::SimDisk disk;
    const Bytes example = FormatExample("segment.md", "version " + std::to_string(version));
    ASSERT_TRUE(io::WriteFileAtomically(disk, "run", example).ok());
    const auto reader = SegmentReader::OpenUnknown(disk, "run");
    ASSERT_TRUE(reader.ok()) << reader.status();
    EXPECT_EQ((*reader)->identity().version, version);
    EXPECT_TRUE(testing::HoldsRowsOf(**reader, ExampleTable()));
  }
}

// Goal: a header that is whole, but of another file, is found out by the file alone.
TEST(SegmentFormatTest, NoticesAHeaderOfAnotherFile) {
  SegmentIdentity other[5];
  std::ranges::fill(other, testing::kIdentity);
  other[0].version = 1;
  other[1].version = 2;
  other[2].table_id = ObjectId{9};
  other[3].run_id = RunId{9};
  other[4].writer_epoch = 9;
  for (const SegmentIdentity& identity : other) {
    io::SimDisk disk;
    ASSERT_TRUE(WriteSegment(disk, "run", ExampleTable()).ok());
    Bytes file = *io::ReadFile(disk, "run");
    const Bytes header = EncodeSegmentHeader(identity);
    std::ranges::copy(header, file.begin());
    ASSERT_TRUE(io::WriteFileAtomically(disk, "run", file).ok());
    const auto reader = SegmentReader::OpenUnknown(disk, "run");
    EXPECT_EQ(reader.status().code(), StatusCode::kCorruption);
    EXPECT_THAT(std::string(reader.status().message()),
                ::testing::HasSubstr("bad segment footer checksum: path=run offset="));
  }
}

// The state of the block's reading in a file that says it is of `version`.
StatusCode ReadsAlpIn(uint32_t version) {
  testing::Table table;
  table.columns.push_back(OwnedColumn::Of<double>(PhysicalType::kFloat64, {1.5, 2.25, 9}));
  SegmentHeader header = testing::HeaderOf(table);
  header.identity.version = version;
  io::SimDisk disk;
  auto writer =
      SegmentWriter::Create(disk, "run", header, {.force = encoding::CodecId::kAlp}).value();
  EXPECT_TRUE(writer->Append(table.Spans()).ok() && writer->Finish().ok());
  const auto reader = SegmentReader::OpenUnknown(disk, "run");
  EXPECT_TRUE(reader.ok()) << reader.status();
  return (*reader)->ReadBlock(ColumnId{1}, 0).status().code();
}

TEST(SegmentFormatTest, Version1HasNoCodecOfVersion2) {
  EXPECT_EQ(ReadsAlpIn(1), StatusCode::kCorruption);
  EXPECT_EQ(ReadsAlpIn(2), StatusCode::kOk);
  EXPECT_EQ(ReadsAlpIn(3), StatusCode::kOk);
}

TEST(SegmentFormatTest, RefusesALaterVersionAsUnsupported) {
  Bytes header = EncodeSegmentHeader({});
  StoreLe<uint32_t>(header.data() + 4, kSegmentVersion + 1);
  StoreLe(header.data() + 28, Crc32c(ByteSpan(header).first(28)));
  EXPECT_EQ(DecodeSegmentHeader(header).status().code(), StatusCode::kUnsupported);
}

}  // namespace
}  // namespace luma::storage
