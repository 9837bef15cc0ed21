#include "storage/commit_record.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/testing/test_rows.h"

namespace luma::storage {
namespace {

HotRunPtr RunOfRows(const RunColumnsPtr& columns, std::span<const ColumnSpan> spans,
                    MemoryBudget& budget) {
  const MemoryAccount account{.budget = &budget};
  const auto run = HotRun::WithRoom(HotRun::Empty(RunId{1}, columns), 0, spans[0].count,
                                    LongStringBytes(spans, 0, spans[0].count), account);
  (*run)->Append(0, spans);
  return *run;
}

std::string HexOf(const Bytes& bytes) {
  std::string hex;
  for (const std::byte byte : bytes) hex += fmt::format("{:02x} ", static_cast<uint8_t>(byte));
  return hex;
}

TEST(CommitRecordTest, TheExampleOfTheFormatDocument) {
  MemoryBudget budget(1 << 20);
  const std::vector<RunColumn> columns{{ColumnId{1}, PhysicalType::kInt64}};
  const int64_t seven = 7;
  const ColumnSpan span{.type = PhysicalType::kInt64,
                        .count = 1,
                        .values = reinterpret_cast<const std::byte*>(&seven)};
  const CommitRecord::Append append{
      ObjectId{16384}, RunOfRows(std::make_shared<const RunColumns>(columns), {&span, 1}, budget),
      1};
  CommitRecord record = CommitRecord::Encode({}, {}, {}, {&append, 1});
  record.SetTime(1'000);
  record.SetPlace(0, RunId{1}, 0);
  EXPECT_EQ(HexOf(record.payload()),
            "01 03 e8 03 00 00 00 00 00 00 00 00 00 01 80 80 01 01 00 00 00 00 00 00 00 01 01 04 "
            "01 01 03 01 00 0e ");
  EXPECT_EQ(LoggedTime(record.payload()), 1'000);
}

TEST(CommitRecordTest, AVersionOneRecordIsTheSameWithoutTime) {
  CommitRecord record = CommitRecord::Encode({}, {}, {}, {});
  record.SetTime(77);
  Bytes older = record.payload();
  older.erase(older.begin() + 2, older.begin() + 10);
  older[1] = std::byte{1};
  const auto changes = DecodeLogRecord(older);
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_EQ(changes->committed_at, std::nullopt);
  EXPECT_EQ(LoggedTime(older), std::nullopt);
  EXPECT_EQ(DecodeLogRecord(record.payload())->committed_at, 77);
}

TEST(CommitRecordTest, AVersionTwoRecordSaysNoLayout) {
  DeleteBitmap positions;
  positions.Add(3);
  const CommitRecord::Delete one{ObjectId{5}, RunId{9},
                                 std::make_shared<const DeleteBitmap>(positions), 7};
  const CommitRecord record = CommitRecord::Encode({}, {}, {&one, 1}, {});
  EXPECT_EQ(DecodeLogRecord(record.payload())->deletes[0].layout, 7u);
  Bytes older = record.payload();
  ASSERT_EQ(older[15], std::byte{7});
  older.erase(older.begin() + 15);
  older[1] = std::byte{2};
  const auto changes = DecodeLogRecord(older);
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_EQ(changes->deletes[0].layout, std::nullopt);
  EXPECT_EQ(*changes->deletes[0].positions, positions);
}

TEST(CommitRecordTest, EveryPartComesBack) {
  MemoryBudget budget(1 << 20);
  const CatalogObject table = TestTable();
  const TestColumns rows({{1, "one"}, {std::nullopt, "two, in more than twelve bytes"}});
  const CommitRecord::Append append{
      ObjectId{5}, RunOfRows(RunColumns::Of(*table.table), rows.spans(), budget), 2};
  DeleteBitmap positions;
  positions.Add(3);
  positions.Add(70'000);
  const CommitRecord::Delete one{ObjectId{6}, RunId{9},
                                 std::make_shared<const DeleteBitmap>(positions), 300};
  CatalogObject object = TestTable();
  object.id = ObjectId{20000};
  const std::vector<CatalogChange> catalog{
      CatalogChange::Drop(ObjectId{19999}),
      CatalogChange::Put(std::make_shared<const CatalogObject>(object))};
  const ObjectId truncated{7};
  CommitRecord record = CommitRecord::Encode(catalog, {&truncated, 1}, {&one, 1}, {&append, 1});
  record.SetFirstKeptRun(0, RunId{12});
  record.SetPlace(0, RunId{4}, 100);

  const auto changes = DecodeLogRecord(record.payload());
  ASSERT_TRUE(changes.ok()) << changes.status();
  ASSERT_EQ(changes->catalog.size(), 2);
  EXPECT_EQ(changes->catalog[0].id, ObjectId{19999});
  EXPECT_EQ(changes->catalog[0].put, nullptr);
  EXPECT_EQ(changes->catalog[1].put->name, "t");
  EXPECT_EQ(changes->truncates[0].table, truncated);
  EXPECT_EQ(changes->truncates[0].first_kept, RunId{12});
  EXPECT_EQ(changes->deletes[0].run, RunId{9});
  EXPECT_EQ(*changes->deletes[0].positions, positions);
  EXPECT_EQ(changes->deletes[0].layout, 300u);
  const LoggedRows& logged = changes->appends.at(0);
  EXPECT_EQ(logged.run, RunId{4});
  EXPECT_EQ(logged.first_position, 100);
  EXPECT_EQ(*logged.columns, *RunColumns::Of(*table.table));
  const auto blocks = DecodePiece(*logged.columns, logged.pieces.at(0));
  ASSERT_TRUE(blocks.ok());
  EXPECT_EQ(LoadLe<int64_t>((*blocks)[0].ValueAt(0)), 1);
  EXPECT_TRUE((*blocks)[0].IsNull(1));
  EXPECT_EQ(LoadLe<StringRef>((*blocks)[1].ValueAt(1)).view(), "two, in more than twelve bytes");
}

// Of the rows (7, "seven") and (8, null).
CommitRecord::Delete DeleteWithContents() {
  const TestColumns rows({{7, "seven"}, {8, std::nullopt}});
  ContentsWriter contents(*RunColumns::Of(*TestTable().table));
  contents.AddPiece(rows.spans());
  DeleteBitmap positions;
  positions.Add(3);
  positions.Add(5);
  return {.table = ObjectId{16384},
          .run = RunId{9},
          .positions = std::make_shared<const DeleteBitmap>(positions),
          .layout = 2,
          .contents = contents.Finish()};
}

TEST(CommitRecordTest, TheExampleOfADeleteWithContents) {
  const int64_t seven = 7;
  const ColumnSpan span{.type = PhysicalType::kInt64,
                        .count = 1,
                        .values = reinterpret_cast<const std::byte*>(&seven)};
  ContentsWriter contents(RunColumns({{ColumnId{1}, PhysicalType::kInt64}}));
  contents.AddPiece({&span, 1});
  DeleteBitmap positions;
  positions.Add(3);
  const CommitRecord::Delete one{ObjectId{16384}, RunId{9},
                                 std::make_shared<const DeleteBitmap>(positions), 2,
                                 contents.Finish()};
  CommitRecord record = CommitRecord::Encode({}, {}, {&one, 1}, {});
  record.SetTime(1'000);
  EXPECT_EQ(HexOf(record.payload()),
            "01 04 e8 03 00 00 00 00 00 00 00 00 01 80 80 01 09 02 12 3a 30 00 00 01 00 00 00 00 "
            "00 00 00 10 00 00 00 03 00 09 01 01 04 01 01 03 01 00 0e 00 ");
}

TEST(CommitRecordTest, ContentsOfDeletedRowsComeBack) {
  const CommitRecord::Delete with = DeleteWithContents();
  CommitRecord::Delete without = with;
  without.contents.clear();
  const std::vector<CommitRecord::Delete> deletes{without, with};
  const CommitRecord record = CommitRecord::Encode({}, {}, deletes, {});
  const auto changes = DecodeLogRecord(record.payload());
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_TRUE(changes->deletes[0].contents.empty());
  const auto contents = DecodeContents(changes->deletes[1].contents);
  ASSERT_TRUE(contents.ok()) << contents.status();
  EXPECT_EQ(*contents->columns, *RunColumns::Of(*TestTable().table));
  EXPECT_EQ(contents->row_count(), 2u);
  const auto blocks = DecodePiece(*contents->columns, contents->pieces.at(0));
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  EXPECT_EQ(LoadLe<int64_t>((*blocks)[0].ValueAt(1)), 8);
  EXPECT_EQ(LoadLe<StringRef>((*blocks)[1].ValueAt(0)).view(), "seven");
  EXPECT_TRUE((*blocks)[1].IsNull(1));
}

TEST(CommitRecordTest, WithoutContentsNothingIsAdded) {
  CommitRecord::Delete one = DeleteWithContents();
  const Bytes with = CommitRecord::Encode({}, {}, {&one, 1}, {}).payload();
  const size_t contents_bytes = one.contents.size();
  one.contents.clear();
  const Bytes without = CommitRecord::Encode({}, {}, {&one, 1}, {}).payload();
  EXPECT_EQ(with[1], std::byte{4});
  EXPECT_EQ(without[1], std::byte{3});
  EXPECT_EQ(with.size(), without.size() + 1 + contents_bytes);
}

// Wherever it ends: within the contents, or with their length saying less.
TEST(CommitRecordTest, CutContentsAreErrors) {
  const CommitRecord::Delete whole = DeleteWithContents();
  const Bytes record = CommitRecord::Encode({}, {}, {&whole, 1}, {}).payload();
  for (size_t size = 0; size < record.size(); ++size) {
    EXPECT_EQ(DecodeLogRecord(ByteSpan(record).first(size)).status().code(),
              StatusCode::kCorruption);
  }
  for (size_t size = 1; size < whole.contents.size(); ++size) {
    CommitRecord::Delete cut = whole;
    cut.contents.resize(size);
    const Bytes payload = CommitRecord::Encode({}, {}, {&cut, 1}, {}).payload();
    EXPECT_EQ(DecodeLogRecord(payload).status().code(), StatusCode::kCorruption) << size;
  }
}

TEST(CommitRecordTest, ContentsOfMoreOrFewerRowsThanPositionsAreErrors) {
  for (const std::vector<uint32_t>& rows : {std::vector<uint32_t>{3}, {3, 4, 5}}) {
    CommitRecord::Delete one = DeleteWithContents();
    DeleteBitmap positions;
    for (const uint32_t row : rows) positions.Add(row);
    one.positions = std::make_shared<const DeleteBitmap>(positions);
    const Bytes payload = CommitRecord::Encode({}, {}, {&one, 1}, {}).payload();
    EXPECT_EQ(DecodeLogRecord(payload).status().code(), StatusCode::kCorruption);
  }
}

TEST(CommitRecordTest, SequencesComeBack) {
  const std::vector<std::pair<ObjectId, SequenceRecord>> sequences{
      {ObjectId{20001}, {.value = -5, .is_called = true}}};
  const auto changes = DecodeLogRecord(EncodeSequenceRecord(sequences));
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_EQ(changes->sequences, sequences);
}

TEST(CommitRecordTest, CutAndUnknownRecordsAreErrors) {
  const Bytes whole =
      EncodeSequenceRecord(std::vector<std::pair<ObjectId, SequenceRecord>>{{ObjectId{1}, {}}});
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(DecodeLogRecord(ByteSpan(whole).first(size)).status().code(),
              StatusCode::kCorruption);
  }
  Bytes longer = whole;
  longer.push_back(std::byte{0});
  EXPECT_EQ(DecodeLogRecord(longer).status().code(), StatusCode::kCorruption);
  Bytes later = whole;
  later[1] = std::byte{2};
  EXPECT_EQ(DecodeLogRecord(later).status().code(), StatusCode::kUnsupported);
  Bytes other = whole;
  other[0] = std::byte{9};
  EXPECT_EQ(DecodeLogRecord(other).status().code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace luma::storage
