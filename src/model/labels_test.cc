#include "model/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/utf8.h"

namespace luma {
namespace {

Labels MustLabels(std::vector<LabelRef> labels) { return Labels::Of(std::move(labels)).value(); }

TEST(LabelsTest, WritesTheBytesOfTheFormatDocument) {
  const Labels labels = MustLabels({{"job", "node"}, {"__name__", "up"}});
  EXPECT_EQ(labels.canonical(), std::string_view("\x08__name__\x02up\x03job\x04node"));
  EXPECT_EQ(labels.canonical().size(), 21u);
}

TEST(LabelsTest, OrderDoesNotMatterAndEmptyValuesAreNoLabels) {
  EXPECT_EQ(MustLabels({{"a", "1"}, {"b", "2"}, {"c", ""}}), MustLabels({{"b", "2"}, {"a", "1"}}));
}

TEST(LabelsTest, GetReadsValuesAndAbsentIsEmpty) {
  const Labels labels = MustLabels({{"__name__", "up"}, {"long", std::string(300, 'x')}});
  EXPECT_EQ(labels.metric_name(), "up");
  EXPECT_EQ(labels.Get("long"), std::string(300, 'x'));
  EXPECT_EQ(labels.Get("absent"), "");
}

TEST(LabelsTest, RefusesWhatCannotNameASeries) {
  const auto outcome = [](std::vector<LabelRef> labels) {
    std::string out = "kept";
    const LabelsOutcome result = AppendCanonical(labels, out);
    EXPECT_EQ(out, "kept");
    return result;
  };
  const std::string long_text(kLabelTextBytesMax + 1, 'x');
  const std::string half(kLabelTextBytesMax, 'x');
  EXPECT_EQ(outcome({{"", "x"}}), LabelsOutcome::kEmptyName);
  EXPECT_EQ(outcome({{"a", "1"}, {"b", ""}, {"a", "2"}}), LabelsOutcome::kDuplicateName);
  EXPECT_EQ(outcome({{"a", "\xff"}}), LabelsOutcome::kInvalidUtf8);
  EXPECT_EQ(outcome({{"a", long_text}}), LabelsOutcome::kTooLong);
  EXPECT_EQ(outcome({{"a", half}, {"b", half}, {"c", half}}), LabelsOutcome::kTooLong);
}

TEST(LabelsTest, CanonicalBytesFromOutsideAreChecked) {
  const Labels labels = MustLabels({{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(Labels::FromCanonical(labels.canonical()).value(), labels);
  for (const std::string_view bad : {std::string_view("\x01"),
                                     std::string_view("\x01"
                                                      "a\x00",
                                                      3),
                                     std::string_view("\x01"
                                                      "b\x01"
                                                      "1\x01"
                                                      "a\x01"
                                                      "1"),  // not sorted
                                     std::string_view("\x81\x00"
                                                      "a\x01"
                                                      "1",
                                                      5),  // overlong length
                                     std::string_view("\x01"
                                                      "a\x05"
                                                      "1"),
                                     std::string_view("\x01"
                                                      "a\x01\xff")}) {
    EXPECT_EQ(Labels::FromCanonical(bad).status().code(), StatusCode::kCorruption);
  }
}

TEST(LabelsTest, OrderIsPairByPairNotByBytes) {
  const Labels shorter = MustLabels({{"__name__", "up"}});
  const Labels a = MustLabels({{"__name__", "up"}, {"a", "2"}});
  const Labels b = MustLabels({{"__name__", "up"}, {"a", "10"}});
  EXPECT_LT(CompareLabels(shorter, a), 0);
  EXPECT_LT(CompareLabels(b, a), 0);  // "10" < "2", although its canonical bytes are greater
  EXPECT_EQ(CompareLabels(a, a), 0);
}

TEST(LabelsTest, PrintsPromQl) {
  EXPECT_EQ(MustLabels({{"__name__", "up"}, {"a", "x\"\\\n"}, {"b", "2"}}).ToString(),
            R"(up{a="x\"\\\n", b="2"})");
  EXPECT_EQ(Labels().ToString(), "{}");
}

TEST(Utf8Test, AcceptsWellFormedAndRefusesTheRest) {
  for (const std::string_view good :
       {std::string_view("a\0b", 3), std::string_view("plain ascii of some length"),
        std::string_view("\xc3\xa9\xe6\x95\xb0\xf0\x9f\x98\x80"),
        std::string_view("\xf4\x8f\xbf\xbf")}) {
    EXPECT_TRUE(IsValidUtf8(good)) << good;
  }
  for (const std::string_view bad :
       {"\xff", "\x80", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "abcdefgh\xe6\x95", "\xf0\x9f\x98", "\xc3"}) {
    EXPECT_FALSE(IsValidUtf8(bad));
  }
}

}  // namespace
}  // namespace luma
