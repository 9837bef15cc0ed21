#include <gmock/gmock.h>

#include "sql/testing/test_database.h"

namespace luma::sql {
namespace {

using testing::ElementsAre;

class PreparedTest : public SqlTest {
 protected:
  PreparedTest() {
    Run("CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR, price DECIMAL(9,2), seen "
        "TIMESTAMP)");
    Run("INSERT INTO t VALUES (1, 'one', 1.50, '2024-01-01 00:00:00'), (2, 'two', 2.50, NULL)");
  }

  std::shared_ptr<PreparedStatement> Prepare(const std::string& sql,
                                             std::vector<uint32_t> oids = {}) {
    const auto statements = connection_->Parse(sql);
    EXPECT_TRUE(statements.ok()) << statements.status();
    if (!statements.ok()) return nullptr;
    auto prepared = connection_->Prepare(statements->at(0), oids);
    EXPECT_TRUE(prepared.ok()) << sql << "\n" << prepared.status();
    return prepared.ok() ? *prepared : nullptr;
  }
  Result<Rows> Execute(const PreparedStatement& statement, std::vector<Parameter> parameters) {
    LUMA_ASSIGN_OR_RETURN(const auto stream, connection_->Execute(statement, parameters));
    return ReadAll(*stream);
  }
  Rows MustExecute(const PreparedStatement& statement, std::vector<Parameter> parameters) {
    const auto rows = Execute(statement, std::move(parameters));
    EXPECT_TRUE(rows.ok()) << rows.status();
    return rows.ok() ? *rows : Rows{};
  }
  static Parameter Text(std::string text) { return {.bytes = std::move(text)}; }
  static Parameter Binary(std::string bytes) {
    return {.is_binary = true, .bytes = std::move(bytes)};
  }
  static Parameter Null() { return {.is_null = true, .bytes = ""}; }
};

TEST_F(PreparedTest, TypesAreInferred) {
  const auto prepared = Prepare("SELECT name, price FROM t WHERE id = $1 AND seen < $2 LIMIT $3");
  EXPECT_THAT(prepared->parameter_oids(), ElementsAre(23, 1114, 20));
  ASSERT_EQ(prepared->columns().size(), 2u);
  EXPECT_EQ(prepared->columns()[0].type_oid, 25u);
  EXPECT_EQ(prepared->columns()[1].type_oid, 1700u);
  EXPECT_EQ(prepared->columns()[1].type_modifier, ((9 << 16) | 2) + 4);
  EXPECT_EQ(MustExecute(*prepared, {Text("1"), Text("2025-01-01"), Text("10")}),
            (Rows{{"one", "1.50"}}));
}

TEST_F(PreparedTest, TheSamePlanRunsWithOtherValues) {
  const auto prepared = Prepare("SELECT name FROM t WHERE id = $1");
  EXPECT_EQ(MustExecute(*prepared, {Text("1")}), (Rows{{"one"}}));
  EXPECT_EQ(MustExecute(*prepared, {Text("2")}), (Rows{{"two"}}));
  EXPECT_EQ(MustExecute(*prepared, {Null()}), Rows{});
  Run("INSERT INTO t (id, name) VALUES (3, 'three')");
  EXPECT_EQ(MustExecute(*prepared, {Text("3")}), (Rows{{"three"}}));
}

// The client has been told other columns: it would misread the rows.
TEST_F(PreparedTest, AResultThatChangesItsTypesIsRefused) {
  const auto all = Prepare("SELECT * FROM t WHERE id = $1");
  const auto insert = Prepare("INSERT INTO t (id) VALUES ($1) RETURNING *");
  Run("ALTER TABLE t ADD COLUMN extra INTEGER");
  EXPECT_EQ(Execute(*all, {Text("1")}).status().sqlstate(), "0A000");
  EXPECT_EQ(Execute(*insert, {Text("3")}).status().sqlstate(), "0A000");
  Run("ALTER TABLE t DROP COLUMN extra");
  EXPECT_EQ(MustExecute(*all, {Text("2")}).size(), 1u);
  Run("ALTER TABLE t ALTER COLUMN price TYPE TEXT");
  EXPECT_EQ(Execute(*all, {Text("1")}).status().sqlstate(), "0A000");
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"2"}}));
}

TEST_F(PreparedTest, WhatCannotBeInferredIsText) {
  const auto prepared = Prepare("SELECT $1");
  EXPECT_THAT(prepared->parameter_oids(), ElementsAre(25));
  EXPECT_EQ(MustExecute(*prepared, {Text("hello")}), (Rows{{"hello"}}));
  const auto concatenated = Prepare("SELECT $1 || 'x'");
  EXPECT_EQ(MustExecute(*concatenated, {Text("a")}), (Rows{{"ax"}}));
}

TEST_F(PreparedTest, DeclaredTypesCount) {
  const auto prepared = Prepare("SELECT $1 + 1", {20});
  EXPECT_THAT(prepared->parameter_oids(), ElementsAre(20));
  EXPECT_EQ(MustExecute(*prepared, {Binary(std::string("\0\0\0\0\0\0\0\x29", 8))}), (Rows{{"42"}}));
  const auto array = Prepare("SELECT count(*) FROM t WHERE id = ANY($1)", {1007});
  EXPECT_EQ(MustExecute(*array, {Text("{1,2,5}")}), (Rows{{"2"}}));
}

// Their bytes come from the network, and DuckDB trusts the values made of them.
TEST_F(PreparedTest, BinaryValuesOutOfRangeAreErrors) {
  const std::string max(std::string("\x7f") + std::string(7, '\xff'));
  const std::string min(std::string("\x80") + std::string(7, '\0'));
  const auto fails = [&](uint32_t oid, const std::string& bytes) {
    const auto prepared = Prepare("SELECT CAST($1 AS VARCHAR)", {oid});
    return std::string(Execute(*prepared, {Binary(bytes)}).status().sqlstate());
  };
  EXPECT_EQ(fails(1083, max), "22008");
  EXPECT_EQ(fails(1083, min), "22008");
  EXPECT_EQ(fails(1114, max.substr(0, 7) + "\xfe"), "22008");
  EXPECT_EQ(fails(1184, max.substr(0, 7) + "\xfe"), "22008");
  EXPECT_EQ(fails(1082, max.substr(0, 3) + "\xfe"), "22008");
  EXPECT_EQ(fails(25, "\xff\xfe"), "22021");
  const auto infinity = Prepare("SELECT CAST($1 AS VARCHAR), CAST($2 AS VARCHAR)", {1114, 1082});
  EXPECT_EQ(MustExecute(*infinity, {Binary(max), Binary(min.substr(0, 4))}),
            (Rows{{"infinity", "-infinity"}}));
}

TEST_F(PreparedTest, BinaryValuesAreDecoded) {
  const auto all = Prepare(
      "SELECT $1::BOOLEAN, $2::SMALLINT, $3::INTEGER, $4::DOUBLE, $5::DATE, $6::TIMESTAMP, "
      "$7::NUMERIC(12,3), $8::UUID, $9::BYTEA",
      {16, 21, 23, 701, 1082, 1114, 1700, 2950, 17});
  const Rows rows = MustExecute(
      *all,
      {Binary(std::string("\1", 1)), Binary(std::string("\xff\xfe", 2)),
       Binary(std::string("\0\0\1\0", 4)), Binary(std::string("\x3f\xf8\0\0\0\0\0\0", 8)),
       Binary(std::string("\0\0\0\1", 4)), Binary(std::string("\0\0\0\0\0\x0f\x42\x40", 8)),
       Binary(std::string("\0\2\0\0\x40\0\0\3\x04\xd2\x14\x82", 12)),
       Binary(std::string("\xa0\xee\xbc\x99\x9c\x0b\x4e\xf8\xbb\x6d\x6b\xb9\xbd\x38\x0a\x11", 16)),
       Binary(std::string("a\0b", 3))});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0][0], "true");
  EXPECT_EQ(rows[0][1], "-2");
  EXPECT_EQ(rows[0][2], "256");
  EXPECT_EQ(rows[0][3], "1.500000");
  EXPECT_EQ(rows[0][4], "10958");            // 2000-01-02
  EXPECT_EQ(rows[0][5], "946684801000000");  // 2000-01-01 00:00:01
  EXPECT_EQ(rows[0][6], "-1234.525");
  EXPECT_EQ(rows[0][8], std::string("a\0b", 3));
}

TEST_F(PreparedTest, BadValuesAreErrorsOfTheClient) {
  const auto prepared = Prepare("SELECT * FROM t WHERE id = $1");
  EXPECT_EQ(Execute(*prepared, {Text("abc")}).status().sqlstate(), "22P02");
  EXPECT_EQ(Execute(*prepared, {Binary("xy")}).status().sqlstate(), "22P03");
  EXPECT_EQ(Execute(*prepared, {}).status().sqlstate(), "08P01");
  EXPECT_EQ(MustExecute(*prepared, {Text("1")}).size(), 1u);
}

TEST_F(PreparedTest, ChangesReturnTheirCounts) {
  const auto insert = Prepare("INSERT INTO t (id, name) VALUES ($1, $2)");
  EXPECT_THAT(insert->parameter_oids(), ElementsAre(23, 25));
  EXPECT_TRUE(insert->columns().empty());
  MustExecute(*insert, {Text("7"), Text("seven")});
  EXPECT_EQ(Query("SELECT name FROM t WHERE id = 7"), (Rows{{"seven"}}));
  const auto returning = Prepare("DELETE FROM t WHERE id = $1 RETURNING name");
  EXPECT_EQ(MustExecute(*returning, {Text("7")}), (Rows{{"seven"}}));
}

TEST_F(PreparedTest, APlanSurvivesChangesOfTheTableAndTheLossOfTheInstance) {
  const auto prepared = Prepare("SELECT id FROM t WHERE id >= $1 ORDER BY id");
  Run("ALTER TABLE t DROP COLUMN price");
  EXPECT_EQ(MustExecute(*prepared, {Text("1")}), (Rows{{"1"}, {"2"}}));
  connection_->Reset();
  EXPECT_EQ(MustExecute(*prepared, {Text("2")}), (Rows{{"2"}}));
}

TEST_F(PreparedTest, StatementsWithoutPlansAreAcceptedToo) {
  for (const char* sql : {"BEGIN", "SET application_name = 'x'", "COMMIT"}) {
    EXPECT_EQ(MustExecute(*Prepare(sql), {}), Rows{}) << sql;
  }
  const auto show = Prepare("SHOW application_name");
  ASSERT_EQ(show->columns().size(), 1u);
  EXPECT_EQ(MustExecute(*show, {}), (Rows{{"x"}}));
}

TEST_F(PreparedTest, TextThatIsNotUtf8IsAnError) {
  const auto prepared = Prepare("SELECT $1::text");
  for (const std::string& bytes : {std::string("\xff"), std::string("a\0b", 3)}) {
    EXPECT_EQ(Execute(*prepared, {Text(bytes)}).status().sqlstate(), "22021");
    EXPECT_EQ(Execute(*prepared, {Binary(bytes)}).status().sqlstate(), "22021");
  }
  EXPECT_EQ(MustExecute(*prepared, {Binary("\xc3\xa9")}), (Rows{{"\xc3\xa9"}}));
}

TEST_F(PreparedTest, BinaryArraysAreDecoded) {
  const auto array = Prepare("SELECT $1::INTEGER[]", {1007});
  const auto bytes = [](const std::vector<uint32_t>& words) {
    std::string text;
    for (const uint32_t word : words) {
      for (int shift = 24; shift >= 0; shift -= 8) text.push_back(static_cast<char>(word >> shift));
    }
    return text;
  };
  const auto ask = [&](const std::vector<uint32_t>& words) {
    return MustExecute(*array, {Binary(bytes(words))});
  };
  EXPECT_EQ(ask({1, 1, 23, 2, 1, 4, 7, 0xffffffff}), (Rows{{"{7,NULL}"}}));
  EXPECT_EQ(ask({0, 0, 23}), (Rows{{"{}"}}));
  for (const auto& words : {std::vector<uint32_t>{1, 0, 23, 0xffffffff, 1, 4, 7},
                            {1, 0, 23, 2, 1, 4, 7},
                            {2, 0, 23, 0xffffffff, 1, 0, 1, 4},
                            {7, 0, 23},
                            {1, 0, 999999, 1, 1, 4, 7},
                            {1, 0, 1007, 1, 1, 12, 0, 0, 23},
                            {1}}) {
    EXPECT_EQ(Execute(*array, {Binary(bytes(words))}).status().sqlstate(), "22P03");
  }
}

}  // namespace
}  // namespace luma::sql
