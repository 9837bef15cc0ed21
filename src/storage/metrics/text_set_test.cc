#include "storage/metrics/text_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Gives 1 MiB in all.
class OneMebibyte final : public ResultMemory {
 public:
  Status Book(uint64_t bytes) override {
    booked += bytes;
    return booked <= 1 << 20 ? Status::Ok() : Status::OutOfMemory("no more");
  }
  uint64_t booked = 0;
};

TEST(TextSetTest, GivesEachTextOnceInOrder) {
  TextSet texts(nullptr);
  for (const std::string_view text : {"b", "", "a", "b", "c", "a"}) {
    EXPECT_TRUE(texts.Add(text).ok());
  }
  EXPECT_TRUE(texts.Contains("b"));
  EXPECT_FALSE(texts.Contains("d"));
  EXPECT_THAT(std::move(texts).Take(), ElementsAre("", "a", "b", "c"));
  EXPECT_THAT(TextSet(nullptr).Take(), IsEmpty());
}

TEST(TextSetTest, BooksEachTextOnceBeforeItIsKept) {
  OneMebibyte memory;
  TextSet texts(&memory);
  const std::string text(1000, 'x');
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(texts.Add(text).ok());
  EXPECT_GE(memory.booked, text.size());
  Status status = Status::Ok();
  int added = 0;
  while (status.ok()) status = texts.Add(text + std::to_string(added++));
  EXPECT_EQ(status.code(), StatusCode::kOutOfMemory);
  EXPECT_GT(added, 800);
  EXPECT_LT(added, 1'050);
}

}  // namespace
}  // namespace luma::storage
