#include "sql/arrow_operators.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "sql/testing/test_database.h"

namespace luma::sql {
namespace {

std::string Rewritten(const std::string& text) {
  const std::vector<Token> tokens = Tokenize(text);
  TextEdits edits(text);
  RewriteArrows(text, tokens, edits);
  return edits.Apply();
}

TEST(ArrowOperatorsTest, ChainsAreOneOperand) {
  const std::pair<std::string, std::string> cases[] = {
      {"SELECT a->>'b' = 'c'", "SELECT (a->>'b') = 'c'"},
      {"SELECT t.a -> 'b' ->> 1 = $1", "SELECT ((t.a -> 'b') ->> 1) = $1"},
      {"SELECT x WHERE n = s.t.\"A\"->>$2", "SELECT x WHERE n = (s.t.\"A\"->>$2)"},
      {"SELECT f(a, (b))->>'c' IS NULL", "SELECT (f(a, (b))->>'c') IS NULL"},
      {"SELECT a[1]['k']->>'c' < 'd'", "SELECT (a[1]['k']->>'c') < 'd'"},
      {"SELECT '{}'::json->>'a' = 'b'", "SELECT ('{}'::json->>'a') = 'b'"},
      {"SELECT x WHERE (a)->>'b' = 'c'", "SELECT x WHERE ((a)->>'b') = 'c'"},
      {"SELECT x FROM t WHERE y IN (a->>'b')", "SELECT x FROM t WHERE y IN ((a->>'b'))"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Rewritten(text), expected);
}

TEST(ArrowOperatorsTest, OtherThingsStayAsTheyAre) {
  for (const char* text : {"SELECT list_transform(l, x -> x + 1)",
                           "SELECT a - b > 'c'",
                           "SELECT '->>' || 'a'",
                           "SELECT a ->> b",
                           "SELECT 1 ->",
                           "-> 'a'",
                           "SELECT a -- ->> 'b'",
                           "SELECT list_transform(l, x -> 1 + x)",
                           "SELECT f((x, y) -> 'p' || x)",
                           "SELECT jsonb '{\"a\":1}' -> 'a'",
                           "SELECT CASE WHEN b THEN c END -> 'a'",
                           "SELECT doc -> $1::INTEGER",
                           "SELECT doc->>'0'::int",
                           "SELECT doc->'a'[1]",
                           "SELECT )->'a'",
                           "SELECT a]->'b'",
                           "SELECT first_value(doc) OVER (ORDER BY id)->>'a' FROM d",
                           "SELECT first_value(doc) OVER w->>'a' FROM d WINDOW w AS (ORDER BY id)",
                           "SELECT any_value(doc) FILTER (WHERE id = 1)->>'a' FROM d",
                           "SELECT mode() WITHIN GROUP (ORDER BY doc)->>'a' FROM d",
                           "SELECT (r).doc->>'a' FROM s",
                           "SELECT l[1].doc->>'a' FROM s",
                           "SELECT x COLLATE \"C\" ->> 'a'"}) {
    EXPECT_EQ(Rewritten(text), text);
  }
}

// A text of megabytes neither overflows the stack nor takes minutes.
TEST(ArrowOperatorsTest, LongTextsAreReadOnce) {
  const auto repeated = [](const std::string& part, int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += part;
    return text;
  };
  const std::string casts = "SELECT x" + repeated("::a", 300'000) + "->'b'";
  EXPECT_EQ(Rewritten(casts), casts);
  const std::string subscripts = "SELECT x" + repeated("[1]", 300'000) + "->'b'";
  EXPECT_EQ(Rewritten(subscripts), subscripts);
  const std::string nested = "SELECT " + repeated("(", 100'000) + "x" + repeated(")->'a'", 100'000);
  EXPECT_GT(Rewritten(nested).size(), nested.size());
}

using ArrowsInQueriesTest = SqlTest;

TEST_F(ArrowsInQueriesTest, JsonIsComparedByItsFields) {
  Run("CREATE TABLE t (id INTEGER, doc JSON)");
  Run("INSERT INTO t VALUES (1, '{\"a\": {\"b\": \"x\"}, \"n\": \"1\"}'), (2, '{\"a\": {}}')");
  EXPECT_EQ(Query("SELECT id FROM t WHERE doc->'a'->>'b' = 'x'"), (Rows{{"1"}}));
  EXPECT_EQ(Query("SELECT id FROM t WHERE doc->>'n' IS NULL"), (Rows{{"2"}}));
  EXPECT_EQ(Query("SELECT id FROM t WHERE 1 = 1 AND 'x' = doc->'a'->>'b'"), (Rows{{"1"}}));
  EXPECT_EQ(Query("SELECT list_transform([1, 2], x -> x * 2)"), (Rows{{"{2,4}"}}));
}

TEST_F(ArrowsInQueriesTest, OtherOperandsAreAsDuckDbReadsThem) {
  Run("CREATE TABLE d (id INTEGER, doc JSON)");
  Run("INSERT INTO d VALUES (1, '{\"a\": \"x\"}')");
  for (const char* sql : {"SELECT first_value(doc) OVER (ORDER BY id)->>'a' FROM d",
                          "SELECT first_value(doc) OVER w->>'a' FROM d WINDOW w AS (ORDER BY id)",
                          "SELECT any_value(doc) FILTER (WHERE id = 1)->>'a' FROM d",
                          "SELECT (r).doc->>'a' FROM (SELECT d AS r FROM d) s",
                          "SELECT l[1].doc->>'a' FROM (SELECT [d] AS l FROM d) s"}) {
    SCOPED_TRACE(sql);
    EXPECT_EQ(Query(sql), (Rows{{"x"}}));
  }
}

}  // namespace
}  // namespace luma::sql
