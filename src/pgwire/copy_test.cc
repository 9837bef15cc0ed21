// COPY data: the parser of what clients send, the writer of what they get.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pgwire/copy_format.h"
#include "pgwire/copy_parser.h"
#include "pgwire/testing/wire_client.h"

namespace luma::pgwire {
namespace {

sql::CopyOptions Csv() {
  sql::CopyOptions options;
  options.format = sql::CopyFormat::kCsv;
  options.delimiter = ',';
  options.null_text = "";
  return options;
}

class RowCollector final : public CopyRowSink {
 public:
  Status AddRow(std::span<const std::optional<std::string_view>> fields) override {
    std::string row;
    for (const auto& field : fields) {
      if (!row.empty()) row.push_back('|');
      row += field.has_value() ? "<" + std::string(*field) + ">" : "NULL";
    }
    rows.push_back(row);
    return Status::Ok();
  }
  std::vector<std::string> rows;
};

struct Parsed {
  std::vector<std::string> rows;
  Status status;
  uint64_t line = 0;
};

// Feeds `data` in pieces of `piece` bytes.
Parsed ParseInPieces(const sql::CopyOptions& options, size_t columns, std::string_view data,
                     size_t piece) {
  std::vector<std::string> names;
  for (size_t i = 0; i < columns; ++i) names.push_back("c" + std::to_string(i + 1));
  CopyParser parser(options, names, 1 << 20);
  RowCollector collector;
  Parsed parsed;
  for (size_t at = 0; at < data.size() && parsed.status.ok(); at += piece) {
    parsed.status = parser.Feed(data.substr(at, piece), collector);
  }
  if (parsed.status.ok()) parsed.status = parser.Finish(collector);
  parsed.rows = collector.rows;
  parsed.line = parser.line_number();
  return parsed;
}

// The result must not depend on where the data is split.
Parsed ParseData(const sql::CopyOptions& options, size_t columns, std::string_view data) {
  const Parsed whole = ParseInPieces(options, columns, data, data.size() + 1);
  for (size_t piece = 1; piece < data.size(); ++piece) {
    const Parsed parts = ParseInPieces(options, columns, data, piece);
    EXPECT_EQ(parts.rows, whole.rows) << "piece=" << piece;
    EXPECT_EQ(parts.status.message(), whole.status.message()) << "piece=" << piece;
    EXPECT_EQ(parts.line, whole.line) << "piece=" << piece;
  }
  return whole;
}

using Rows = std::vector<std::string>;

TEST(CopyParserTest, TextFieldsAndNulls) {
  const Parsed parsed = ParseData({}, 2, "1\tone\n2\t\\N\n\\N\t\n");
  EXPECT_TRUE(parsed.status.ok()) << parsed.status;
  EXPECT_EQ(parsed.rows, (Rows{"<1>|<one>", "<2>|NULL", "NULL|<>"}));
}

TEST(CopyParserTest, TextEscapes) {
  const Parsed parsed =
      ParseData({}, 1, "a\\tb\\nc\\\\d\n\\101\\x42\\x4z\\q\nback\\\nslash\n\\\\N\n");
  EXPECT_TRUE(parsed.status.ok()) << parsed.status;
  EXPECT_EQ(parsed.rows, (Rows{"<a\tb\nc\\d>", "<AB\x04zq>", "<back\nslash>", "<\\N>"}));
}

TEST(CopyParserTest, LastLineMayLackItsEnd) {
  EXPECT_EQ(ParseData({}, 1, "a\nb").rows, (Rows{"<a>", "<b>"}));
  EXPECT_EQ(ParseData(Csv(), 1, "a\r\nb\r\n").rows, (Rows{"<a>", "<b>"}));
}

TEST(CopyParserTest, EndMarkEndsTheData) {
  EXPECT_EQ(ParseData({}, 1, "a\n\\.\nb\n").rows, (Rows{"<a>"}));
  EXPECT_EQ(ParseData(Csv(), 1, "a\n\\.\nb\n").rows, (Rows{"<a>"}));
}

TEST(CopyParserTest, CsvQuotes) {
  const Parsed parsed =
      ParseData(Csv(), 3, "1,\"a,b\",\"say \"\"hi\"\"\"\n,\"\",x\"y\"z\n\"two\nlines\",2,3\n");
  EXPECT_TRUE(parsed.status.ok()) << parsed.status;
  EXPECT_EQ(parsed.rows, (Rows{"<1>|<a,b>|<say \"hi\">", "NULL|<>|<xyz>", "<two\nlines>|<2>|<3>"}));
  EXPECT_EQ(parsed.line, 4u);
}

TEST(CopyParserTest, CsvEscapeMayDifferFromQuote) {
  sql::CopyOptions options = Csv();
  options.escape = '\\';
  options.quote = '\'';
  const Parsed parsed = ParseData(options, 2, "'a\\'b','c\\\\'\nx\\y,z\n");
  EXPECT_TRUE(parsed.status.ok()) << parsed.status;
  EXPECT_EQ(parsed.rows, (Rows{"<a'b>|<c\\>", "<x\\y>|<z>"}));
}

TEST(CopyParserTest, HeaderIsSkipped) {
  sql::CopyOptions options = Csv();
  options.header = true;
  EXPECT_EQ(ParseData(options, 2, "a,b\n1,2\n").rows, (Rows{"<1>|<2>"}));
}

TEST(CopyParserTest, ErrorsAreThoseOfPostgresAndTellTheLine) {
  const auto error = [](const sql::CopyOptions& options, std::string_view data) {
    const Parsed parsed = ParseData(options, 2, data);
    return std::string(parsed.status.sqlstate()) + " " + std::string(parsed.status.message()) +
           " line " + std::to_string(parsed.line);
  };
  EXPECT_EQ(error({}, "1\t2\n3\n"), "22P04 missing data for column \"c2\" line 2");
  EXPECT_EQ(error({}, "1\t2\t3\n"), "22P04 extra data after last expected column line 1");
  EXPECT_EQ(error(Csv(), "1,2\n\"3,4\n5"), "22P04 unterminated CSV quoted field line 3");
  EXPECT_EQ(error({}, "1\t2\n3\t4\r\n"), "22P04 literal carriage return found in data line 1");
  EXPECT_EQ(error(Csv(), "1,2\r\n3,4\n"), "22P04 unquoted newline found in data line 1");
}

TEST(CopyParserTest, EndlessLinesAreRefused) {
  CopyParser parser({}, {"c"}, 1000);
  RowCollector collector;
  Status status;
  for (int i = 0; i < 100 && status.ok(); ++i)
    status = parser.Feed(std::string(100, 'x'), collector);
  EXPECT_EQ(status.code(), StatusCode::kTooLarge);
}

std::string WriteTexts(const sql::CopyOptions& options, const std::vector<std::string>& texts) {
  std::vector<StringRef> refs;
  for (const std::string& text : texts) refs.emplace_back(std::string_view(text));
  sql::ResultBatch batch;
  batch.row_count = 1;
  std::vector<sql::ResultColumn> columns(texts.size());
  for (size_t i = 0; i < refs.size(); ++i) {
    columns[i].name = "c" + std::to_string(i + 1);
    batch.columns.push_back(
        {PhysicalType::kBytes, 1, reinterpret_cast<const std::byte*>(&refs[i]), nullptr});
  }
  const FormatSettings settings;
  std::string out;
  EXPECT_TRUE(CopyWriter(options, columns, settings).WriteRow(batch, 0, 1 << 20, out).ok());
  return testing::TakeAnswers(out).at(0).substr(2);
}

TEST(CopyWriterTest, TextEscapesWhatTheParserWouldMisread) {
  EXPECT_EQ(WriteTexts({}, {"a\tb\nc", "\\N", "x"}), "a\\tb\\nc\t\\\\N\tx\n");
}

TEST(CopyWriterTest, CsvQuotesOnlyWhereNeeded) {
  EXPECT_EQ(WriteTexts(Csv(), {"plain", "a,b", "say \"hi\"", "", "two\nlines"}),
            "plain,\"a,b\",\"say \"\"hi\"\"\",\"\",\"two\nlines\"\n");
}

TEST(CopyWriterTest, WhatIsWrittenIsReadBack) {
  const std::vector<std::string> texts = {"", "\\.", "\\N", "a\\", "\t\b\v", "q\"\"", ",", "\r"};
  for (const sql::CopyOptions& options : {sql::CopyOptions(), Csv()}) {
    const Parsed parsed = ParseData(options, texts.size(), WriteTexts(options, texts));
    std::string expected;
    for (const std::string& text : texts) expected += (expected.empty() ? "<" : "|<") + text + ">";
    EXPECT_EQ(parsed.rows, Rows{expected});
  }
}

}  // namespace
}  // namespace luma::pgwire
