#include "promql/vector_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "promql/label_edit.h"

namespace luma::promql {
namespace {

Labels Named(std::string_view name, std::string_view a) {
  return Labels::Of({{"__name__", name}, {"a", a}}).value();
}

TEST(VectorValueTest, CellsArePresentOneByOne) {
  VectorValue vector(130);
  const size_t row = vector.AddRow(Named("m", "1"), false);
  for (const size_t step : {0u, 63u, 64u, 129u}) vector.Set(row, step, static_cast<double>(step));
  vector.Clear(row, 63);
  std::vector<size_t> steps;
  ForEachPresent(vector, row, [&](size_t step) { steps.push_back(step); });
  EXPECT_THAT(steps, testing::ElementsAre(0, 64, 129));
  EXPECT_EQ(vector.CountPresent(), 3u);
  EXPECT_EQ(vector.At(row, 129), 129);
}

TEST(VectorValueTest, RowsMoveWithTheirCells) {
  VectorValue vector(2);
  for (const std::string_view a : {"0", "1", "2"}) {
    const size_t row = vector.AddRow(Named("m", a), a == "1");
    vector.Set(row, row % 2, static_cast<double>(row));
  }
  const std::vector<size_t> order = {2, 0};
  const VectorValue reordered = vector.Reordered(order);
  EXPECT_EQ(reordered.labels(0), Named("m", "2"));
  EXPECT_TRUE(reordered.Has(0, 0));
  EXPECT_EQ(reordered.At(0, 0), 2);
  vector.RemoveRowsIf([](size_t row) { return row == 0; });
  ASSERT_EQ(vector.size(), 2u);
  EXPECT_EQ(vector.labels(0), Named("m", "1"));
  EXPECT_TRUE(vector.drop_name(0));
  EXPECT_FALSE(vector.Has(0, 0));
  EXPECT_EQ(vector.At(0, 1), 1);
}

TEST(VectorValueTest, EqualLabelsJoinUnlessTheyOverlap) {
  VectorValue vector(2);
  vector.Set(vector.AddRow(Named("m", "1"), true), 0, 5);
  vector.Set(vector.AddRow(Named("n", "1"), true), 1, 6);
  ASSERT_TRUE(DropNames(vector).ok());
  ASSERT_EQ(vector.size(), 1u);
  EXPECT_EQ(vector.labels(0), Labels::Of({{"a", "1"}}).value());
  EXPECT_EQ(vector.At(0, 1), 6);
  vector.Set(vector.AddRow(Named("m", "1"), true), 1, 7);
  EXPECT_EQ(DropNames(vector).message(), "vector cannot contain metrics with the same labelset");
}

TEST(LabelEditTest, KeepsIgnoresAndRemoves) {
  const Labels labels =
      Labels::Of({{"__name__", "m"}, {"__unit__", "s"}, {"a", "1"}, {"b", "2"}}).value();
  const std::vector<std::string> names = SortedNames({"b", "a", "b"});
  EXPECT_EQ(names.size(), 2u);
  EXPECT_EQ(KeepLabels(labels, names).ToString(), R"({a="1", b="2"})");
  EXPECT_EQ(IgnoreLabels(labels, names), Labels::Of({{"__unit__", "s"}}).value());
  EXPECT_EQ(WithoutMetadata(labels), Labels::Of({{"a", "1"}, {"b", "2"}}).value());
  LabelEdit edit(labels);
  edit.Set("b", "3");
  edit.Remove("a");
  EXPECT_EQ(edit.Take().value().Get("b"), "3");
  EXPECT_EQ(edit.Take().value().Get("a"), "");
}

}  // namespace
}  // namespace luma::promql
