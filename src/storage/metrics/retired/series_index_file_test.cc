#include "storage/metrics/retired/series_index_file.h"

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "encoding/testing/format_example.h"

namespace luma::storage {
namespace {

SeriesIndexFile Example() {
  SeriesBitmap gone;
  for (const uint32_t id : {5, 6, 7, 10}) gone.add(id);
  SeriesIndexFile index{
      .epoch = 3, .next_number = 2, .partitions = {{.number = 1, .crc = 0x5828cb12, .gone = gone}}};
  for (uint8_t i = 0; i < index.uuid.size(); ++i) index.uuid[i] = std::byte{i};
  return index;
}

TEST(SeriesIndexFileTest, TheExampleOfTheDocumentIsWrittenAndRead) {
  const Bytes example = encoding::testing::FormatExample("series_partition.md", "the index");
  EXPECT_EQ(encoding::testing::ToHex(EncodeSeriesIndex(Example())),
            encoding::testing::ToHex(example));
  const auto index = DecodeSeriesIndex(example);
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_EQ(index->uuid, Example().uuid);
  EXPECT_EQ(index->epoch, 3u);
  EXPECT_EQ(index->next_number, 2u);
  ASSERT_EQ(index->partitions.size(), 1u);
  EXPECT_EQ(index->partitions[0].number, 1u);
  EXPECT_EQ(index->partitions[0].crc, 0x5828cb12u);
  EXPECT_EQ(index->partitions[0].gone, Example().partitions[0].gone);
}

// Partitions of version 2 may have times that leave out samples.
TEST(SeriesIndexFileTest, ListsOfOtherVersionsAreRefused) {
  for (const uint8_t version : {2, 4}) {
    Bytes other = EncodeSeriesIndex(Example());
    other.resize(other.size() - sizeof(uint32_t));
    other[8] = std::byte{version};
    ByteWriter(other).Fixed(Crc32c(other));
    EXPECT_EQ(DecodeSeriesIndex(other).status().code(), StatusCode::kUnsupported);
  }
}

TEST(SeriesIndexFileTest, EveryFlippedBitAndEveryShorterFileIsRefused) {
  const Bytes good = EncodeSeriesIndex(Example());
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_FALSE(DecodeSeriesIndex(bad).ok()) << bit;
  }
  for (size_t bytes = 0; bytes < good.size(); ++bytes) {
    EXPECT_FALSE(DecodeSeriesIndex(ByteSpan(good).first(bytes)).ok()) << bytes;
  }
}

}  // namespace
}  // namespace luma::storage
