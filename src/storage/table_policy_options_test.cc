#include "storage/table_policy_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/testing/engine_fixture.h"

namespace luma::storage {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

TEST(TablePolicyOptionsTest, AgesAreReadInBothSpellings) {
  const std::pair<const char*, seconds> cases[] = {
      {"7d", days(7)},       {"1h30m", minutes(90)},
      {"30 days", days(30)}, {" 1 day 12 hours ", hours(36)},
      {"2w", days(14)},      {"1 year", days(365)},
      {"90s", seconds(90)},  {"0", seconds(0)},
      {"0d", seconds(0)},
  };
  for (const auto& [text, age] : cases) {
    const auto parsed = ParseAge(text);
    ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.status();
    EXPECT_EQ(*parsed, age) << text;
    EXPECT_EQ(*ParseAge(FormatAge(age)), age) << text;
  }
  EXPECT_EQ(FormatAge(hours(36)), "1d12h");
}

TEST(TablePolicyOptionsTest, OtherTextsAreNoAges) {
  for (const char* text : {"", "7", "d", "-1d", "1 month", "1.5d", "7dd", "99999999d", "1d -1h",
                           "18446744073709551616s", "for ever"}) {
    const auto parsed = ParseAge(text);
    EXPECT_EQ(parsed.status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(TablePolicyOptionsTest, SizesAreMultiplesOf1024) {
  EXPECT_EQ(*ParseSize("64MB"), 64ull << 20);
  EXPECT_EQ(*ParseSize("64 MiB"), 64ull << 20);
  EXPECT_EQ(*ParseSize("4096"), 4096u);
  EXPECT_EQ(FormatSize(3ull << 30), "3GB");
  EXPECT_EQ(FormatSize(1025), "1025B");
  for (const char* text : {"", "MB", "-1MB", "1mb", "1GB1MB", "9999999999999999TB"}) {
    EXPECT_EQ(ParseSize(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(TablePolicyOptionsTest, PoliciesSurviveARoundTrip) {
  const TablePolicy policy{.hot_age = minutes(5), .hot_bytes = 1 << 20, .retention = days(30)};
  const auto parsed = ParseTablePolicy(FormatTablePolicy(policy));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->hot_age, policy.hot_age);
  EXPECT_EQ(parsed->hot_bytes, policy.hot_bytes);
  EXPECT_EQ(parsed->warm_age, std::nullopt);
  EXPECT_EQ(parsed->retention, policy.retention);
}

TEST(TablePolicyOptionsTest, ErrorsNameTheOptionAndTheKnownOnes) {
  EXPECT_EQ(ParseTablePolicy({{"retenton", "7d"}}).status().message(),
            "unknown table option: name=retenton known=hot_age,hot_bytes,retention,warm_age");
  const Status bad_value = ParseTablePolicy({{"warm_age", "soon"}}).status();
  EXPECT_THAT(std::string(bad_value.message()), HasSubstr("warm_age: not a duration"));
}

TEST(TablePolicyOptionsTest, OtherOptionsOfATableDoNotCount) {
  TableSchema table;
  table.options = {{"fillfactor", "70"}, {"hot_age", "soon"}, {"retention", "1d"}};
  const TablePolicy policy = TablePolicyOf(table);
  EXPECT_EQ(policy.retention, days(1));
  EXPECT_EQ(policy.hot_age, std::nullopt);
}

class BuiltinTableOptionsTest : public EngineTest {
 protected:
  static CatalogObject WithRetention(const CatalogReader& catalog, ObjectId table,
                                     std::string value) {
    CatalogObject object = *catalog.Find(table);
    TableSchema schema = *object.table;
    schema.options["retention"] = std::move(value);
    object.table = std::make_shared<const TableSchema>(std::move(schema));
    return object;
  }
  Status SetRetention(ObjectId table, std::string value) {
    const auto transaction = engine_->Begin();
    LUMA_RETURN_IF_ERROR(
        transaction->AlterObject(WithRetention(transaction->Catalog(), table, std::move(value))));
    return transaction->Commit();
  }
  std::string RetentionOf(ObjectId table) {
    const auto transaction = engine_->Begin();
    const CatalogObjectPtr object = transaction->Catalog().Find(table);
    EXPECT_TRUE(object->is_builtin);
    const auto option = object->table->options.find("retention");
    return option == object->table->options.end() ? "" : option->second;
  }
  static Status AppendSample(Transaction& transaction) {
    RowBuffer rows({PhysicalType::kUInt64, PhysicalType::kInt64, PhysicalType::kFloat64});
    for (size_t column = 0; column < 3; ++column) std::memset(rows.Grow(column, 1), 0, 8);
    rows.CommitRows(1);
    return transaction.Append(kSamplesTableId, std::move(rows));
  }
};

// Goal: options of built-in tables survive what other objects survive. Method: a restart that
// replays the log, one that reads the manifest, and one after the option was changed again.
TEST_F(BuiltinTableOptionsTest, SurviveReplayCheckpointAndChange) {
  LUMA_ASSERT_OK(SetRetention(kSamplesTableId, "30d"));
  EXPECT_EQ(RetentionOf(kSamplesTableId), "30d");
  Reopen();
  EXPECT_EQ(RetentionOf(kSamplesTableId), "30d");
  LUMA_ASSERT_OK(engine_->Flush());
  Reopen();
  EXPECT_EQ(RetentionOf(kSamplesTableId), "30d");
  LUMA_ASSERT_OK(SetRetention(kSamplesTableId, "7d"));
  LUMA_ASSERT_OK(engine_->Flush());
  Reopen();
  EXPECT_EQ(RetentionOf(kSamplesTableId), "7d");
  EXPECT_EQ(RetentionOf(kSeriesTableId), "");
}

TEST_F(BuiltinTableOptionsTest, OtherChangesStayRefused) {
  const auto transaction = engine_->Begin();
  CatalogObject renamed = WithRetention(transaction->Catalog(), kSamplesTableId, "1d");
  renamed.name = "other";
  EXPECT_EQ(transaction->AlterObject(renamed).code(), StatusCode::kPermissionDenied);
  CatalogObject narrower = WithRetention(transaction->Catalog(), kSamplesTableId, "1d");
  TableSchema schema = *narrower.table;
  schema.columns.pop_back();
  narrower.table = std::make_shared<const TableSchema>(schema);
  EXPECT_EQ(transaction->AlterObject(narrower).code(), StatusCode::kPermissionDenied);
  CatalogObject schema_object = *transaction->Catalog().Find(kLumaSchemaId);
  EXPECT_EQ(transaction->AlterObject(schema_object).code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(transaction->DropObject(kSamplesTableId).code(), StatusCode::kPermissionDenied);
}

TEST_F(BuiltinTableOptionsTest, AChangeOfOptionsConflictsWithNoRows) {
  const auto writer = engine_->Begin();
  LUMA_ASSERT_OK(AppendSample(*writer));
  const auto alter = engine_->Begin();
  LUMA_ASSERT_OK(alter->AlterObject(WithRetention(alter->Catalog(), kSamplesTableId, "1d")));
  const auto meanwhile = engine_->Begin();
  LUMA_ASSERT_OK(AppendSample(*meanwhile));
  LUMA_ASSERT_OK(meanwhile->Commit());
  LUMA_ASSERT_OK(alter->Commit());
  LUMA_ASSERT_OK(writer->Commit());
  EXPECT_EQ((*engine_->Read(kSamplesTableId))->VisibleRowCount(), 2u);
  EXPECT_EQ(RetentionOf(kSamplesTableId), "1d");
}

}  // namespace
}  // namespace luma::storage
