// Goal: what is written to a cold file comes back bit for bit, and nothing else ever does.
#include "sql/parquet_format.h"

#include <gmock/gmock.h>

#include <bit>

#include "encoding/testing/test_seed.h"
#include "model/labels.h"
#include "sql/parquet/checksum_table.h"
#include "sql/parquet/testing/cold_files.h"
#include "sql/parquet/testing/random_values.h"

namespace luma::sql {
namespace {

constexpr const char* kTypes[] = {
    "BOOLEAN",
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
    "FLOAT",
    "DOUBLE",
    "DECIMAL(4,1)",
    "DECIMAL(9,2)",
    "DECIMAL(18,3)",
    "DECIMAL(38,10)",
    "VARCHAR",
    "VARCHAR COLLATE nocase",
    "JSON",
    "BLOB",
    "DATE",
    "TIME",
    "TIME_NS",
    "TIME WITH TIME ZONE",
    "TIMESTAMP",
    "TIMESTAMP_S",
    "TIMESTAMP_MS",
    "TIMESTAMP_NS",
    "TIMESTAMP WITH TIME ZONE",
    "INTERVAL",
    "UUID",
    "BIT",
    "BIGNUM",
    "ENUM('x', 'y', 'a longer name of a value')",
    "\"NULL\"",
    "INTEGER[]",
    "VARCHAR[][]",
    "INTEGER[3]",
    "STRUCT(a INTEGER, b VARCHAR)",
    "STRUCT(a DOUBLE, b VARCHAR, c INTEGER[])",
    "STRUCT(a INTEGER[], b STRUCT(c DATE, d HUGEINT))",
    "MAP(VARCHAR, DOUBLE)",
    "MAP(INTEGER, VARCHAR[])",
    "UNION(num INTEGER, str VARCHAR)",
    "UNION(d DOUBLE, i INTERVAL)",
    "HUGEINT[]",
    "UHUGEINT[]",
    "INTERVAL[]",
    "TIME WITH TIME ZONE[2]",
    "TIMESTAMP_S[]",
    "TIMESTAMP_NS[]",
    "ENUM('x', 'y')[]",
    "FLOAT[2][]",
    "BIT[]",
    "UUID[]",
    "TIME_NS[]",
    "STRUCT(l STRUCT(x VARCHAR, e ENUM('u', 'v'))[], m MAP(VARCHAR, FLOAT[]))"};

class ParquetFormatTest : public ColdFileTest {
 protected:
  TestTable RandomTable(RandomValues& random, uint32_t row_count) {
    std::vector<TestColumn> columns;
    for (const char* type : kTypes) {
      const std::string name = "c" + std::to_string(columns.size());
      columns.push_back({name, type, random.Column(TypeFromText(type), row_count)});
    }
    return TestTable("random", std::move(columns),
                     64 * static_cast<uint32_t>(1 + random.Below(64)));
  }

  void ExpectSame(TestTable& table) {
    const auto read = ReadAll(table, Load(Write(table)));
    ASSERT_TRUE(read.ok()) << read.status().ToString();
    for (size_t i = 0; i < read.value().size(); ++i) {
      EXPECT_TRUE(read.value()[i] == table.columns()[i].values)
          << "type=" << table.columns()[i].type << " rows=" << table.row_count();
    }
  }
};

std::string Raw(uint64_t bits) {
  return std::string(reinterpret_cast<const char*>(&bits), sizeof(bits));
}

TEST_F(ParquetFormatTest, ValuesOfEveryTypeComeBackBitForBit) {
  const uint64_t seed = encoding::testing::TestSeed();
  LUMA_TRACE_SEED(seed);
  RandomValues random(seed);
  for (const uint32_t row_count : {1u, 3u, 64u, 2'048u, 2'049u, 5'000u}) {
    TestTable table = RandomTable(random, row_count);
    ExpectSame(table);
  }
}

TEST_F(ParquetFormatTest, RowGroupsHaveTheirSizeAndRowsKeepTheirOrder) {
  RandomValues random(1);
  const uint32_t rows = 2 * storage::kColdGroupRows + 12'345;
  TestTable table("groups",
                  {{"i", "BIGINT", random.Column(duckdb::LogicalType::BIGINT, rows)},
                   {"t", "VARCHAR", random.Column(duckdb::LogicalType::VARCHAR, rows)},
                   {"l", "DOUBLE[]",
                    random.Column(duckdb::LogicalType::LIST(duckdb::LogicalType::DOUBLE), rows)}},
                  16'384);
  ExpectSame(table);
}

TEST_F(ParquetFormatTest, AnEmptyRunIsAFileWithoutRowGroups) {
  TestTable table("empty", {{"a", "INTEGER", {}}});
  EXPECT_TRUE(Open(Load(Write(table)), 0).ok());
}

// Values that DuckDB's dictionaries hold for equal. Few of them, so that a dictionary would pay.
TEST_F(ParquetFormatTest, NansAndZerosKeepTheirBits) {
  StoredValues values;
  for (int i = 0; i < 4'000; ++i) {
    for (const uint64_t bits : {0x7ff0000000000002ul, 0x7ff8000000000001ul, 0x8000000000000000ul,
                                0x0000000000000000ul, 0x3ff0000000000000ul}) {
      values.emplace_back(Raw(bits));
    }
  }
  TestTable table("nans", {{"d", "DOUBLE", values}});
  ExpectSame(table);
}

// One kind of NaN and no negative zero: here a dictionary is lossless, and it is what makes the
// file small.
TEST_F(ParquetFormatTest, FewDoublesHaveADictionary) {
  StoredValues values;
  for (int i = 0; i < 20'000; ++i) {
    values.emplace_back(i % 100 == 0 ? Raw(0x7ff0000000000002)
                                     : Raw(std::bit_cast<uint64_t>(i * 7919 % 1000 / 10.0)));
  }
  TestTable table("few", {{"d", "DOUBLE", values}});
  ExpectSame(table);
  EXPECT_LT(Load(Write(table)).size(), 40'000u);
}

TEST_F(ParquetFormatTest, FewStringsComeBackAsADictionary) {
  RandomValues random(3);
  StoredValues values;
  for (int i = 0; i < 70'000; ++i) {
    values.push_back(random.Below(9) == 0
                         ? std::nullopt
                         : StoredValue("a string with number " + std::to_string(i % 50)));
  }
  TestTable table("words", {{"t", "VARCHAR", values}});
  ExpectSame(table);
  const auto file = Open(Load(Write(table)), table.row_count());
  ASSERT_TRUE(file.ok());
  const auto block = file.value()->ReadGroup(table.source().columns[0], 1);
  ASSERT_TRUE(block.ok());
  EXPECT_EQ(block.value()->shape(), encoding::DecodedBlock::Shape::kDictionary);
}

TEST_F(ParquetFormatTest, LongStringsComeBack) {
  StoredValues values;
  for (size_t i = 0; i < 100; ++i) values.emplace_back(std::string(i * i * 300, 'a' + i % 26));
  TestTable table("long_strings", {{"t", "VARCHAR", values}});
  ExpectSame(table);
}

// Method: one byte after another is changed; whatever still opens must give the values written.
TEST_F(ParquetFormatTest, EveryChangedByteIsFound) {
  RandomValues random(2);
  TestTable table("damage", {{"d", "DOUBLE", random.Column(duckdb::LogicalType::DOUBLE, 100)},
                             {"t", "VARCHAR", random.Column(duckdb::LogicalType::VARCHAR, 100)}});
  const Bytes good = Load(Write(table));
  for (size_t at = 0; at < good.size(); ++at) {
    SCOPED_TRACE(testing::Message() << "byte " << at << " of " << good.size());
    Bytes bad = good;
    bad[at] ^= std::byte{1} << (at % 8);
    const auto read = ReadAll(table, std::move(bad));
    if (at < 4) continue;  // Parquet's first magic, which nobody reads
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.status().code(), StatusCode::kCorruption);
    EXPECT_THAT(std::string(read.status().message()), testing::HasSubstr("cold/object"));
  }
}

TEST_F(ParquetFormatTest, EveryCutFileIsFound) {
  TestTable table("cut", {{"i", "INTEGER", StoredValues(100, std::string(4, 'x'))}});
  const Bytes good = Load(Write(table));
  for (size_t size = 0; size < good.size(); ++size) {
    const auto read = ReadAll(table, Bytes(good.begin(), good.begin() + static_cast<long>(size)));
    ASSERT_FALSE(read.ok()) << "cut to " << size;
    EXPECT_EQ(read.status().code(), StatusCode::kCorruption);
  }
}

TEST_F(ParquetFormatTest, OtherRowsOrColumnsThanExpectedAreFound) {
  TestTable table("expected", {{"i", "INTEGER", StoredValues(100, std::string(4, 'x'))}});
  const Bytes good = Load(Write(table));
  EXPECT_EQ(Open(good, 99).status().code(), StatusCode::kCorruption);
  const auto file = Open(good, 100);
  ASSERT_TRUE(file.ok());
  const storage::ColdColumn other_type{ColumnId{1}, "i", PhysicalType::kInt64, "BIGINT"};
  EXPECT_EQ(file.value()->ReadGroup(other_type, 0).status().code(), StatusCode::kCorruption);
  const storage::ColdColumn other_id{ColumnId{2}, "i", PhysicalType::kInt32, "INTEGER"};
  EXPECT_EQ(file.value()->ReadGroup(other_id, 0).status().code(), StatusCode::kCorruption);
}

// The right number of entries, cut into rows of another length: a reader that only counts them
// looks behind the last one.
TEST_F(ParquetFormatTest, AChecksumTableOfAnotherShapeIsFound) {
  const StoredValues values(storage::kColdGroupRows + 1, std::string(4, 'x'));
  TestTable table("shape", {{"i", "INTEGER", values}, {"j", "INTEGER", values}});
  const Bytes good = Load(Write(table));
  const auto tail = ReadFileTail(MemoryObject(good));
  ASSERT_TRUE(tail.ok());
  ASSERT_EQ(tail->table.extents.size(), 4u);
  const size_t tail_bytes = EncodeFileTail(tail->table, tail->footer).size();
  for (const uint32_t column_count : {1u, 4u}) {
    ChecksumTable other = tail->table;
    other.column_count = column_count;
    Bytes bytes(good.begin(), good.end() - static_cast<ptrdiff_t>(tail_bytes));
    ByteWriter(bytes).Raw(EncodeFileTail(other, tail->footer));
    EXPECT_EQ(Open(bytes, table.row_count()).status().code(), StatusCode::kCorruption);
  }
}

TEST_F(ParquetFormatTest, AFailedWriteLeavesNothing) {
  // More seconds than there are microseconds in 64 bits.
  TestTable table("failed", {{"s", "TIMESTAMP_S", {Raw(uint64_t{1} << 60)}}});
  const std::string path = directory_ + "/failed.parquet";
  const Status written = format_->Write(table.source(), path);
  EXPECT_FALSE(written.ok());
  EXPECT_THAT(std::string(written.message()), testing::HasSubstr("table failed"));
  EXPECT_FALSE(std::filesystem::exists(path));
}

// A DuckDB that knows nothing of us.
class OtherReader {
 public:
  OtherReader() : database_(nullptr), connection_(database_) {}
  std::vector<std::string> Column(const std::string& sql) {
    const auto result = connection_.Query(sql);
    EXPECT_FALSE(result->HasError()) << result->GetError();
    std::vector<std::string> values;
    for (duckdb::idx_t row = 0; row < result->RowCount(); ++row) {
      values.push_back(result->GetValue(0, row).ToString());
    }
    return values;
  }

 private:
  duckdb::DuckDB database_;
  duckdb::Connection connection_;
};

TEST_F(ParquetFormatTest, DuckDbReadsTheTypesAndValuesOfSql) {
  const auto of = [](auto value) {
    return StoredValues{std::string(reinterpret_cast<const char*>(&value), sizeof(value)),
                        std::nullopt};
  };
  TestTable table("types",
                  {{"i", "INTEGER", of(int32_t{-5})},
                   {"u", "UBIGINT", of(UINT64_MAX)},
                   {"h", "HUGEINT", of(duckdb::hugeint_t(-7))},
                   {"uh", "UHUGEINT", of(duckdb::uhugeint_t(7))},
                   {"d", "DECIMAL(9,2)", of(int32_t{12345})},
                   {"t", "VARCHAR", {"text", std::nullopt}},
                   {"day", "DATE", of(int32_t{1})},
                   {"tz", "TIME WITH TIME ZONE",
                    of(duckdb::dtime_tz_t(duckdb::dtime_t(1'000'000), 3'600).bits)},
                   {"ts", "TIMESTAMP WITH TIME ZONE", of(int64_t{1'000'000})},
                   {"ms", "TIMESTAMP_MS", of(int64_t{1'001})},
                   {"iv", "INTERVAL", of(duckdb::interval_t{-1, 2, -3})},
                   {"id", "UUID", of(duckdb::hugeint_t(0, 1))},
                   {"e", "ENUM('x', 'y')", of(uint8_t{1})},
                   {"l", "INTEGER[]", {std::string("\x01\x01\x09\x00\x00\x00", 6), std::nullopt}},
                   {"j", "JSON", {"{\"a\": 1}", std::nullopt}}});
  const std::string from = " FROM read_parquet('" + Write(table) + "')";
  OtherReader reader;
  EXPECT_THAT(
      reader.Column("SELECT column_type FROM (DESCRIBE SELECT *" + from + ")"),
      testing::ElementsAre("INTEGER", "UBIGINT", "DECIMAL(38,0)", "VARCHAR", "DECIMAL(9,2)",
                           "VARCHAR", "DATE", "STRUCT(\"time\" TIME, offset_seconds INTEGER)",
                           "TIMESTAMP WITH TIME ZONE", "TIMESTAMP",
                           "STRUCT(\"months\" INTEGER, \"days\" INTEGER, micros BIGINT)", "UUID",
                           "VARCHAR", "INTEGER[]", "JSON"));
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"i", "-5"},
      {"u", "18446744073709551615"},
      {"h", "-7"},
      {"uh", "7"},
      {"d", "123.45"},
      {"t", "text"},
      {"day", "1970-01-02"},
      {"tz.time", "00:00:01"},
      {"tz.offset_seconds", "3600"},
      {"epoch_us(ts)", "1000000"},
      {"ms", "1970-01-01 00:00:01.001"},
      {"iv.months", "-1"},
      {"iv.micros", "-3"},
      {"id", "80000000-0000-0000-0000-000000000001"},
      {"e", "y"},
      {"l", "[9]"},
      {"j", "{\"a\": 1}"}};
  for (const auto& [column, value] : expected) {
    EXPECT_THAT(reader.Column("SELECT " + column + from), testing::ElementsAre(value, "NULL"));
  }
}

std::string CanonicalLabels(std::vector<LabelRef> labels) {
  return std::string(Labels::Of(std::move(labels)).value().canonical());
}

TEST_F(ParquetFormatTest, SamplesCarryTheirLabels) {
  TestTable series("series",
                   {{"series_id", "UBIGINT", {Raw(1), Raw(2), Raw(3)}},
                    {"metric", "VARCHAR", {"up", "other", "up"}},
                    {"labels",
                     "BLOB",
                     {CanonicalLabels({{"__name__", "up"}, {"job", "a"}, {"zone", "eu"}}),
                      CanonicalLabels({{"__name__", "other"}}), CanonicalLabels({{"job", "b"}})}}});
  TestTable samples("samples",
                    {{"series_id", "UBIGINT", {Raw(1), Raw(1), Raw(3), Raw(9)}},
                     {"ts", "TIMESTAMP_MS", {Raw(1'000), Raw(2'500), Raw(1'000), Raw(5)}},
                     {"value",
                      "DOUBLE",
                      {Raw(std::bit_cast<uint64_t>(1.5)), Raw(0x7ff0000000000002),
                       Raw(std::bit_cast<uint64_t>(2.0)), Raw(0)}}});
  samples.source().series = series.Snapshot();
  ExpectSame(samples);

  const std::string from = " FROM read_parquet('" + directory_ + "/samples.parquet')";
  OtherReader reader;
  EXPECT_THAT(reader.Column("SELECT column_type FROM (DESCRIBE SELECT *" + from + ")"),
              testing::ElementsAre("UBIGINT", "TIMESTAMP WITH TIME ZONE", "DOUBLE", "VARCHAR",
                                   "MAP(VARCHAR, VARCHAR)"));
  EXPECT_THAT(reader.Column("SELECT epoch_ms(ts)" + from),
              testing::ElementsAre("1000", "2500", "1000", "5"));
  EXPECT_THAT(reader.Column("SELECT metric" + from),
              testing::ElementsAre("up", "up", "NULL", "NULL"));
  EXPECT_THAT(reader.Column("SELECT labels" + from),
              testing::ElementsAre("{job=a, zone=eu}", "{job=a, zone=eu}", "{job=b}", "{}"));
  EXPECT_THAT(reader.Column("SELECT isnan(value)" + from),
              testing::ElementsAre("false", "true", "false", "false"));
}

}  // namespace
}  // namespace luma::sql
