#include "storage/delete_bitmap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/column.h"

namespace luma::storage {
namespace {

DeleteBitmap Of(const std::vector<uint32_t>& positions) {
  DeleteBitmap bitmap;
  for (const uint32_t position : positions) bitmap.Add(position);
  return bitmap;
}

TEST(DeleteBitmapTest, KeepsPositionsOnce) {
  DeleteBitmap bitmap;
  EXPECT_TRUE(bitmap.empty());
  EXPECT_TRUE(bitmap.Add(7));
  EXPECT_FALSE(bitmap.Add(7));
  EXPECT_TRUE(bitmap.Add(1'000'000));
  EXPECT_EQ(bitmap.count(), 2);
  EXPECT_EQ(bitmap.max(), 1'000'000);
  EXPECT_TRUE(bitmap.Contains(7));
  EXPECT_FALSE(bitmap.Contains(8));
}

TEST(DeleteBitmapTest, CopiesAreIndependent) {
  const DeleteBitmap original = Of({1});
  DeleteBitmap copy = original;
  copy.Add(2);
  EXPECT_EQ(original.count(), 1);
  EXPECT_EQ(copy.count(), 2);
}

TEST(DeleteBitmapTest, CopyRangeClearsAndSetsWordsOfTheRangeAlone) {
  const DeleteBitmap bitmap = Of({0, 63, 64, 100, 191, 192, 70'000});
  std::vector<uint64_t> words(2, ~uint64_t{0});
  EXPECT_EQ(bitmap.CopyRange(64, 128, words), 3);
  EXPECT_EQ(words[0], (uint64_t{1} << 0) | (uint64_t{1} << 36));
  EXPECT_EQ(words[1], uint64_t{1} << 63);
  EXPECT_EQ(bitmap.CopyRange(0, 1, words), 1);
  EXPECT_EQ(words[0], 1);
  EXPECT_EQ(bitmap.CopyRange(200, 64, words), 0);
}

TEST(DeleteBitmapTest, SerializedBytesComeBack) {
  for (const DeleteBitmap& bitmap :
       {DeleteBitmap(), Of({3}), Of({1, 2, 3, 65'536, 4'000'000'000})}) {
    const auto read = DeleteBitmap::Deserialize(bitmap.Serialize());
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, bitmap);
  }
}

TEST(DeleteBitmapTest, BytesThatAreNoBitmapAreCorruption) {
  Bytes bytes = Of({1, 2, 3}).Serialize();
  bytes.push_back(std::byte{0});
  EXPECT_EQ(DeleteBitmap::Deserialize(bytes).status().code(), StatusCode::kCorruption);
  bytes.resize(5);
  EXPECT_EQ(DeleteBitmap::Deserialize(bytes).status().code(), StatusCode::kCorruption);
  EXPECT_EQ(DeleteBitmap::Deserialize({}).status().code(), StatusCode::kCorruption);
}

TEST(DeleteBitmapTest, UnionOfNothingIsTheOther) {
  const auto some = std::make_shared<const DeleteBitmap>(Of({1}));
  EXPECT_EQ(Union(nullptr, nullptr), nullptr);
  EXPECT_EQ(Union(some, nullptr), some);
  EXPECT_EQ(Union(nullptr, some), some);
  EXPECT_EQ(Union(some, std::make_shared<const DeleteBitmap>(Of({2})))->count(), 2);
}

}  // namespace
}  // namespace luma::storage
