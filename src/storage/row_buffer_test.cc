#include "storage/row_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace luma::storage {
namespace {

template <typename T>
ColumnSpan SpanOf(PhysicalType type, const std::vector<T>& values,
                  const uint64_t* validity = nullptr) {
  return {.type = type,
          .count = static_cast<uint32_t>(values.size()),
          .values = reinterpret_cast<const std::byte*>(values.data()),
          .validity = validity};
}

std::vector<StringRef> Refs(const std::vector<std::string>& texts) {
  std::vector<StringRef> refs;
  for (const std::string& text : texts) refs.emplace_back(text);
  return refs;
}

std::vector<std::string> Texts(const ColumnSpan& column) {
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < column.count; ++i) {
    texts.emplace_back(column.IsNull(i) ? "NULL" : column.As<StringRef>()[i].view());
  }
  return texts;
}

TEST(RowBufferTest, CopiesValuesAndStringsSoThatTheInputMayGo) {
  RowBuffer buffer({PhysicalType::kInt64, PhysicalType::kBytes});
  {
    const std::vector<int64_t> numbers = {1, 2};
    const std::vector<std::string> texts = {"short", std::string(100, 'x')};
    const std::vector<StringRef> refs = Refs(texts);
    buffer.Append(
        std::vector{SpanOf(PhysicalType::kInt64, numbers), SpanOf(PhysicalType::kBytes, refs)});
  }
  ASSERT_EQ(buffer.row_count(), 2u);
  EXPECT_EQ(buffer.Column(0).As<int64_t>()[1], 2);
  EXPECT_THAT(Texts(buffer.Column(1)), testing::ElementsAre("short", std::string(100, 'x')));
}

TEST(RowBufferTest, StringsDoNotMoveWhileTheBufferGrows) {
  RowBuffer buffer({PhysicalType::kBytes});
  const std::vector<std::string> texts = {std::string(50, 'a')};
  const std::vector<StringRef> refs = Refs(texts);
  buffer.Append(std::vector{SpanOf(PhysicalType::kBytes, refs)});
  const char* const before = buffer.Column(0).As<StringRef>()[0].data();
  for (int i = 0; i < 1000; ++i) buffer.Append(std::vector{SpanOf(PhysicalType::kBytes, refs)});
  EXPECT_EQ(buffer.Column(0).As<StringRef>()[0].data(), before);
  EXPECT_THAT(Texts(buffer.Column(0)), testing::Each(std::string(50, 'a')));
}

TEST(RowBufferTest, ReportsNoValidityUntilTheFirstNull) {
  RowBuffer buffer({PhysicalType::kInt32});
  const std::vector<int32_t> values(100, 7);
  buffer.Append(std::vector{SpanOf(PhysicalType::kInt32, values)});
  EXPECT_EQ(buffer.Column(0).validity, nullptr);

  const std::vector<uint64_t> validity = {~uint64_t{1 << 3}, ~uint64_t{0}};
  buffer.Append(std::vector{SpanOf(PhysicalType::kInt32, values, validity.data())});
  buffer.Append(std::vector{SpanOf(PhysicalType::kInt32, values)});
  const ColumnSpan column = buffer.Column(0);
  for (uint32_t row = 0; row < 300; ++row) EXPECT_EQ(column.IsNull(row), row == 103) << row;
}

TEST(RowBufferTest, SelectionPicksRowsInItsOrderForEveryWidth) {
  const std::vector<uint32_t> selection = {2, 0, 2};
  const std::vector<uint64_t> validity = {0b011};
  const std::vector<uint8_t> bytes = {10, 11, 12};
  const std::vector<uint16_t> shorts = {20, 21, 22};
  const std::vector<float> floats = {30, 31, 32};
  const std::vector<double> doubles = {40, 41, 42};
  const std::vector<Int128> wides = {{50, 0}, {51, 0}, {52, 9}};
  const std::vector<std::string> texts = {"a", "b", std::string(20, 'c')};
  const std::vector<StringRef> refs = Refs(texts);
  RowBuffer buffer({PhysicalType::kUInt8, PhysicalType::kUInt16, PhysicalType::kFloat32,
                    PhysicalType::kFloat64, PhysicalType::kInt128, PhysicalType::kBytes});
  buffer.Append(
      std::vector{SpanOf(PhysicalType::kUInt8, bytes), SpanOf(PhysicalType::kUInt16, shorts),
                  SpanOf(PhysicalType::kFloat32, floats), SpanOf(PhysicalType::kFloat64, doubles),
                  SpanOf(PhysicalType::kInt128, wides),
                  SpanOf(PhysicalType::kBytes, refs, validity.data())},
      selection);
  ASSERT_EQ(buffer.row_count(), 3u);
  EXPECT_EQ(buffer.Column(0).As<uint8_t>()[0], 12);
  EXPECT_EQ(buffer.Column(1).As<uint16_t>()[1], 20);
  EXPECT_EQ(buffer.Column(2).As<float>()[2], 32);
  EXPECT_EQ(buffer.Column(3).As<double>()[0], 42);
  EXPECT_EQ(buffer.Column(4).As<Int128>()[2].high, 9);
  EXPECT_THAT(Texts(buffer.Column(5)), testing::ElementsAre("NULL", "a", "NULL"));
}

TEST(RowBufferTest, GrownColumnsBecomeRowsAtCommit) {
  RowBuffer buffer({PhysicalType::kUInt64, PhysicalType::kFloat64});
  for (int round = 0; round < 10; ++round) {
    auto* const ids = reinterpret_cast<uint64_t*>(buffer.Grow(0, 100));
    auto* const values = reinterpret_cast<double*>(buffer.Grow(1, 100));
    for (int i = 0; i < 100; ++i) {
      ids[i] = static_cast<uint64_t>(round * 100 + i);
      values[i] = 0.5;
    }
    buffer.CommitRows(100);
  }
  ASSERT_EQ(buffer.row_count(), 1000u);
  for (uint64_t i = 0; i < 1000; ++i) ASSERT_EQ(buffer.Column(0).As<uint64_t>()[i], i);
  EXPECT_GE(buffer.memory_bytes(), 16'000u);
  EXPECT_LE(buffer.memory_bytes(), 40'000u);
}

TEST(RowBufferTest, CommitOfColumnsOfUnequalLengthIsADefect) {
  RowBuffer buffer({PhysicalType::kUInt64, PhysicalType::kFloat64});
  buffer.Grow(0, 2);
  buffer.Grow(1, 1);
  EXPECT_DEATH(buffer.CommitRows(2), "row_count");
}

}  // namespace
}  // namespace luma::storage
