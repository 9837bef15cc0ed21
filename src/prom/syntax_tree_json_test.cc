#include "prom/syntax_tree_json.h"

#include <gtest/gtest.h>

#include "promql/parser.h"

namespace luma::prom {
namespace {

std::string Tree(std::string_view query) {
  const Result<promql::ExprPtr> expr = promql::Parse(query);
  if (!expr.ok()) return std::string(expr.status().message());
  JsonWriter json;
  WriteSyntaxTree(**expr, json);
  return json.Take();
}

TEST(SyntaxTreeJsonTest, SelectorsAsPrometheusGivesThem) {
  EXPECT_EQ(Tree("up{job=~\"a\"} @ 1.5 offset 1m"),
            R"({"anchored":false,"matchers":[{"name":"job","type":"=~","value":"a"},)"
            R"({"name":"__name__","type":"=","value":"up"}],"name":"up","offset":60000,)"
            R"("smoothed":false,"startOrEnd":null,"timestamp":1500,"type":"vectorSelector"})");
  EXPECT_EQ(
      Tree("{__name__=\"a\"}[5m] @ end()"),
      R"({"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"a"}],"name":"",)"
      R"("offset":0,"range":300000,"smoothed":false,"startOrEnd":"end","timestamp":null,)"
      R"("type":"matrixSelector"})");
}

TEST(SyntaxTreeJsonTest, OperatorsFunctionsAndAggregations) {
  EXPECT_EQ(Tree("-1"), R"({"type":"numberLiteral","val":"-1"})");
  EXPECT_EQ(Tree("1 + -(2)"),
            R"({"bool":false,"lhs":{"type":"numberLiteral","val":"1"},"matching":null,"op":"+",)"
            R"("rhs":{"expr":{"expr":{"type":"numberLiteral","val":"2"},"type":"parenExpr"},)"
            R"("op":"-","type":"unaryExpr"},"type":"binaryExpr"})");
  EXPECT_EQ(Tree("pi()"), R"({"args":[],"func":{"argTypes":[],"name":"pi","returnType":"scalar",)"
                          R"("variadic":0},"type":"call"})");
  const std::string join = Tree("a * on(x) group_left(y) fill_right(0) sum without(z) (b)");
  EXPECT_NE(join.find(R"("matching":{"card":"many-to-one","fillValues":{"lhs":null,"rhs":0},)"
                      R"("include":["y"],"labels":["x"],"on":true})"),
            std::string::npos)
      << join;
  EXPECT_NE(join.find(R"("grouping":["z"],"op":"sum","param":null,"type":"aggregation",)"
                      R"("without":true})"),
            std::string::npos)
      << join;
}

}  // namespace
}  // namespace luma::prom
