#include "storage/compaction/run_merger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/failpoint.h"
#include "encoding/testing/random_column.h"
#include "encoding/testing/test_seed.h"
#include "io/sim_disk.h"
#include "storage/column_block.h"
#include "storage/testing/test_rows.h"
#include "storage/warm/new_segment.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

Status NoPace(uint64_t) { return Status::Ok(); }

class RunMergerTest : public testing::Test {
 protected:
  RunMergerTest() { LUMA_CHECK(disk_.CreateDirectories("/data/segments").ok()); }
  ~RunMergerTest() override { EXPECT_TRUE(failpoint::Arm("").ok()); }

  static CatalogObjectPtr Table(bool sorted) {
    CatalogObject table = TestTable({.has_key = false, .sorted = sorted});
    table.id = ObjectId{16384};
    return std::make_shared<const CatalogObject>(std::move(table));
  }

  // A run of these columns, which have the ids 1, 2, ...
  RunVersionPtr WriteRun(const std::vector<ColumnSpan>& columns,
                         DeleteBitmapPtr deletes = nullptr) {
    const RunId id{next_run_++};
    SegmentHeader header{{ObjectId{16384}, id, 1}, {}};
    for (const ColumnSpan& column : columns) {
      header.columns.push_back({ColumnId(header.columns.size() + 1), column.type});
    }
    const std::string name = std::to_string(static_cast<uint32_t>(id)) + ".seg";
    const io::Path path = directory_.segment(name);
    auto writer = SegmentWriter::Create(disk_, path, header, {});
    LUMA_CHECK(writer.ok() && (*writer)->Append(columns).ok());
    auto segment = FinishAndOpen(disk_, path, **writer, ObjectId{16384}, id);
    LUMA_CHECK(segment.ok());
    auto run = std::make_shared<const WarmRun>(disk_, name, segment->info.file_bytes, 1,
                                               segment->reader, nullptr);
    return std::make_shared<const RunVersion>(std::move(run), columns[0].count, std::move(deletes));
  }
  RunVersionPtr WriteRun(const std::vector<TestRow>& rows, DeleteBitmapPtr deletes = nullptr) {
    return WriteRun(TestColumns(rows).spans(), std::move(deletes));
  }

  Result<MergedRun> Merge(const CatalogObjectPtr& table, std::vector<RunVersionPtr> inputs,
                          const MergePace& pace = NoPace) {
    return MergeRuns(disk_, directory_,
                     {.table = table, .inputs = std::move(inputs), .file_name = "merged.seg"},
                     budget_, pace);
  }
  static std::vector<TestRow> Rows(const CatalogObjectPtr& table, const MergedRun& merged,
                                   DeleteBitmapPtr deletes = nullptr) {
    auto run =
        std::make_shared<const RunVersion>(merged.run, merged.record.row_count, std::move(deletes));
    return ReadRows(TableSnapshot(table, {std::move(run)}));
  }

  io::SimDisk disk_;
  const DataDirectory directory_{"/data"};
  MemoryBudget budget_{1ull << 30};
  uint32_t next_run_ = 1;
};

DeleteBitmapPtr Bitmap(const std::vector<uint32_t>& positions) {
  auto bitmap = std::make_shared<DeleteBitmap>();
  for (const uint32_t position : positions) bitmap->Add(position);
  return bitmap;
}

TEST_F(RunMergerTest, RowsComeInTheOrderOfTheKeyAndThenOfAge) {
  const CatalogObjectPtr table = Table(true);
  const auto merged = Merge(table, {WriteRun({{1, "old"}, {3, "old"}, {std::nullopt, "old"}}),
                                    WriteRun({{1, "new"}, {2, "new"}, {std::nullopt, "new"}})});
  LUMA_ASSERT_OK(merged);
  EXPECT_THAT(
      Rows(table, *merged),
      ElementsAre(TestRow{1, "old"}, TestRow{1, "new"}, TestRow{2, "new"}, TestRow{3, "old"},
                  TestRow{std::nullopt, "old"}, TestRow{std::nullopt, "new"}));
  EXPECT_EQ(merged->run->id(), RunId{2}) << "the youngest";
  EXPECT_EQ(merged->run->layout(), 2);
}

TEST_F(RunMergerTest, WithoutASortKeyRunsFollowEachOther) {
  const CatalogObjectPtr table = Table(false);
  const auto merged = Merge(table, {WriteRun({{5, "a"}, {1, "b"}}), WriteRun({{3, "c"}})});
  LUMA_ASSERT_OK(merged);
  EXPECT_THAT(Rows(table, *merged), ElementsAre(TestRow{5, "a"}, TestRow{1, "b"}, TestRow{3, "c"}));
}

TEST_F(RunMergerTest, DeletedRowsAreLeftOutAndLaterDeletesFollow) {
  const CatalogObjectPtr table = Table(true);
  const auto a = WriteRun({{1, "a"}, {3, "c"}, {5, "e"}}, Bitmap({0}));
  const auto b = WriteRun({{2, "b"}, {4, "d"}});
  const auto merged = Merge(table, {a, b});
  LUMA_ASSERT_OK(merged);
  EXPECT_THAT(Rows(table, *merged),
              ElementsAre(TestRow{2, "b"}, TestRow{3, "c"}, TestRow{4, "d"}, TestRow{5, "e"}));
  const auto a_now = std::make_shared<const RunVersion>(a->run(), 3, Bitmap({0, 2}));
  const auto b_now = std::make_shared<const RunVersion>(b->run(), 2, Bitmap({0}));
  EXPECT_EQ(merged->Remap({a, b}), nullptr);
  EXPECT_THAT(Rows(table, *merged, merged->Remap({a_now, b_now})),
              ElementsAre(TestRow{3, "c"}, TestRow{4, "d"}));
}

TEST_F(RunMergerTest, ColumnsThatARunLacksAreFilledIn) {
  const CatalogObjectPtr before = Table(true);
  CatalogObject altered = *before;
  TableSchema schema = *before->table;
  schema.columns[1].id = ColumnId{3};  // column 2 was dropped, 3 added with a default
  schema.columns[1].missing_value = Value::Text("a default of more than twelve bytes");
  altered.table = std::make_shared<const TableSchema>(schema);
  const auto table = std::make_shared<const CatalogObject>(altered);
  const auto merged = Merge(table, {WriteRun({{1, "x"}}), WriteRun({{0, "y"}})});
  LUMA_ASSERT_OK(merged);
  const std::string text = "a default of more than twelve bytes";
  EXPECT_THAT(Rows(table, *merged), ElementsAre(TestRow{0, text}, TestRow{1, text}));
}

// Nulls last; rows of one key keep their order.
void SortByKey(std::vector<TestRow>& rows) {
  std::map<std::pair<bool, int64_t>, std::vector<TestRow>> by_key;
  for (TestRow& row : rows) {
    by_key[{!row.key.has_value(), row.key.value_or(0)}].push_back(std::move(row));
  }
  rows.clear();
  for (auto& [key, of_key] : by_key) std::ranges::move(of_key, std::back_inserter(rows));
}

// Goal: any inputs give what sorting their live rows gives. Method: runs of a few rows and of
// several blocks, with nulls, equal keys, long strings and deleted rows.
TEST_F(RunMergerTest, AnyRunsMergeAsTheModelSays) {
  const uint64_t seed = encoding::testing::TestSeed();
  LUMA_TRACE_SEED(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 30; ++round) {
    SCOPED_TRACE(round);
    const CatalogObjectPtr table = Table(round % 3 != 0);
    std::vector<RunVersionPtr> inputs;
    std::vector<TestRow> expected;
    for (size_t input = 0, count = 1 + random() % 6; input < count; ++input) {
      const uint64_t rows_max = random() % 4 == 0 ? 40'000 : 100;
      const int64_t keys = random() % 2 == 0 ? 10 : 100'000;
      std::vector<TestRow> rows(1 + random() % rows_max);
      for (TestRow& row : rows) {
        if (random() % 50 != 0) row.key = static_cast<int64_t>(random() % keys);
        if (random() % 10 != 0) row.text = std::string(random() % 20, 'a' + random() % 26);
      }
      if (round % 3 != 0) SortByKey(rows);
      const bool is_stretch = random() % 2 == 0;  // whole blocks deleted
      auto deletes = std::make_shared<DeleteBitmap>();
      for (uint32_t i = 0; i + 1 < rows.size(); ++i) {
        if (is_stretch ? i / 20'000 == 0 : random() % 3 == 0) deletes->Add(i);
      }
      for (uint32_t i = 0; i < rows.size(); ++i) {
        if (!deletes->Contains(i)) expected.push_back(rows[i]);
      }
      inputs.push_back(WriteRun(rows, std::move(deletes)));
    }
    if (round % 3 != 0) SortByKey(expected);
    const auto merged = Merge(table, inputs);
    LUMA_ASSERT_OK(merged);
    ASSERT_EQ(merged->record.row_count, expected.size());
    ASSERT_TRUE(Rows(table, *merged) == expected);
  }
  EXPECT_EQ(budget_.booked_bytes(), 0);
}

TEST_F(RunMergerTest, EveryTypeAndPatternSurvives) {
  std::mt19937_64 random(encoding::testing::TestSeed());
  constexpr uint32_t kRows = 1000;
  for (int pattern = 0; pattern < encoding::testing::kPatternCount; ++pattern) {
    CatalogObject object = *Table(false);
    TableSchema schema;
    std::vector<std::vector<encoding::testing::OwnedColumn>> data(2);
    for (int type = 0; type < kPhysicalTypeCount; ++type) {
      ColumnSchema column;
      column.id = ColumnId(type + 1);
      column.physical_type = encoding::testing::PhysicalTypeAt(type);
      schema.columns.push_back(column);
      for (auto& columns : data) {
        columns.push_back(encoding::testing::RandomColumn(
            column.physical_type, kRows, static_cast<encoding::testing::Pattern>(pattern),
            pattern % 2 == 0 ? 0.1 : 0, random));
      }
    }
    object.table = std::make_shared<const TableSchema>(schema);
    std::vector<RunVersionPtr> inputs;
    for (const auto& columns : data) {
      std::vector<ColumnSpan> spans;
      for (const auto& column : columns) spans.push_back(column.span());
      inputs.push_back(WriteRun(spans));
    }
    const auto merged = Merge(std::make_shared<const CatalogObject>(object), inputs);
    LUMA_ASSERT_OK(merged);
    for (const ColumnSchema& column : schema.columns) {
      const auto block = *merged->run->Read(column, 0, 2 * kRows);
      for (uint32_t row = 0; row < 2 * kRows; ++row) {
        const auto source = *inputs[row / kRows]->Read(column, 0);
        const std::byte* const wanted = ValueAt(source, row % kRows);
        const std::byte* const value = ValueAt(block, row);
        ASSERT_EQ(value == nullptr, wanted == nullptr);
        if (value == nullptr) continue;
        if (column.physical_type == PhysicalType::kBytes) {
          ASSERT_EQ(LoadLe<StringRef>(value).view(), LoadLe<StringRef>(wanted).view());
        } else {
          ASSERT_EQ(std::memcmp(value, wanted, ValueBytes(column.physical_type)), 0);
        }
      }
    }
  }
}

// ---- failures

TEST_F(RunMergerTest, AFailureLeavesNoFileAndNoMemory) {
  const CatalogObjectPtr table = Table(true);
  const std::vector<RunVersionPtr> inputs = {WriteRun({{1, "a"}}), WriteRun({{2, "b"}})};
  const auto files = *disk_.List("/data/segments");
  for (const char* const point :
       {"compaction.before_segment", "compaction.after_block", "compaction.before_finish"}) {
    SCOPED_TRACE(point);
    LUMA_ASSERT_OK(failpoint::Arm(std::string(point) + ":1:error"));
    EXPECT_EQ(Merge(table, inputs).status().code(), StatusCode::kIoError);
    LUMA_ASSERT_OK(failpoint::Arm(""));
    EXPECT_EQ(*disk_.List("/data/segments"), files);
  }
  const auto stop = [](uint64_t) { return Status::Unavailable("closing"); };
  EXPECT_EQ(Merge(table, inputs, stop).status().code(), StatusCode::kUnavailable);
  disk_.SetCapacity(0);
  EXPECT_EQ(Merge(table, inputs).status().code(), StatusCode::kDiskFull);
  disk_.SetCapacity(UINT64_MAX);
  EXPECT_EQ(*disk_.List("/data/segments"), files);
  EXPECT_EQ(budget_.booked_bytes(), 0);
}

TEST_F(RunMergerTest, MemoryIsBookedOrTheMergeIsGivenUp) {
  const CatalogObjectPtr table = Table(true);
  std::vector<TestRow> rows;
  for (int64_t i = 0; i < 20'000; ++i) rows.push_back({i, "text of more than twelve bytes"});
  const std::vector<RunVersionPtr> inputs = {WriteRun(rows), WriteRun(rows)};
  uint64_t booked = 0;
  const auto look = [&](uint64_t) {
    booked = std::max(booked, budget_.booked_bytes());
    return Status::Ok();
  };
  LUMA_ASSERT_OK(Merge(table, inputs, look));
  EXPECT_GT(booked, 3 * 16'384 * 24) << "two inputs and the output";
  EXPECT_LT(booked, 12 << 20);
  budget_.SetLimit(booked / 2);
  EXPECT_EQ(Merge(table, inputs).status().code(), StatusCode::kOutOfMemory);
  EXPECT_EQ(budget_.booked_bytes(), 0);
}

TEST_F(RunMergerTest, FewRowsOfManyBlocksTakeLittleMemory) {
  constexpr uint32_t kBlocks = 100;
  const CatalogObjectPtr table = Table(true);
  std::vector<TestRow> rows;
  std::vector<TestRow> expected;
  auto deletes = std::make_shared<DeleteBitmap>();
  for (uint32_t i = 0; i < kBlocks * kBlockRows; ++i) {
    const bool is_kept = i % kBlockRows == 7;
    rows.push_back({int64_t{i}, is_kept ? "a text that stays: " + std::to_string(i) : "gone"});
    if (is_kept) {
      expected.push_back(rows.back());
    } else {
      deletes->Add(i);
    }
  }
  const RunVersionPtr run = WriteRun(rows, std::move(deletes));
  budget_.SetLimit(32 << 20);
  const auto merged = Merge(table, {run});
  LUMA_ASSERT_OK(merged);
  EXPECT_THAT(Rows(table, *merged), ElementsAreArray(expected));
}

TEST_F(RunMergerTest, RowsThatAlternateTakeFourBytesEach) {
  const CatalogObjectPtr table = Table(true);
  constexpr int64_t kRows = 1'000'000;
  std::vector<RunVersionPtr> inputs;
  for (const int64_t first : {0, 1}) {
    std::vector<TestRow> rows;
    for (int64_t i = first; i < kRows; i += 2) rows.push_back({i, "a"});
    inputs.push_back(WriteRun(rows));
  }
  // Blocks of two inputs and of the output take 3 MiB.
  budget_.SetLimit(kRows * 4 + (4 << 20));
  const auto merged = Merge(table, inputs);
  LUMA_ASSERT_OK(merged);
  EXPECT_EQ(merged->record.row_count, kRows);
  EXPECT_GE(merged->memory.bytes(), kRows * 4);
}

TEST_F(RunMergerTest, DamageOfAnInputIsReported) {
  const CatalogObjectPtr table = Table(true);
  const std::vector<RunVersionPtr> inputs = {WriteRun({{1, "a"}}), WriteRun({{2, "b"}})};
  disk_.FlipBit("/data/segments/2.seg", kSegmentHeaderBytes, 3);
  EXPECT_EQ(Merge(table, inputs).status().code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace luma::storage
