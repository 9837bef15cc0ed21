#include "storage/cold/cold_sidecar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/crc32c.h"
#include "storage/cold/cold_keys.h"

namespace luma::storage {
namespace {

ColdColumn Column(uint32_t id, std::string name, PhysicalType type, std::string logical_type) {
  return {ColumnId{id}, std::move(name), type, std::move(logical_type)};
}

// The example of docs/formats/cold_sidecar.md.
ColdSidecar Example() {
  ColdSidecar sidecar;
  sidecar.table_id = ObjectId{16384};
  sidecar.run_id = RunId{7};
  sidecar.writer_epoch = 3;
  sidecar.row_count = 3;
  sidecar.object = {.size_bytes = 70'000, .crc32c = 0xcafef00d};
  sidecar.columns = {Column(1, "at", PhysicalType::kInt64, "TIMESTAMP_MS"),
                     Column(2, "word", PhysicalType::kBytes, "VARCHAR")};
  sidecar.piece_crc32c = {0x11111111, 0x22222222};
  const int64_t times[] = {10, 11, 0};
  const uint64_t two_of_three = 3;
  const StringRef words[] = {StringRef("up"), StringRef("up"), StringRef("up")};
  sidecar.zones = {ComputeZoneMap({.type = PhysicalType::kInt64,
                                   .count = 3,
                                   .values = reinterpret_cast<const std::byte*>(times),
                                   .validity = &two_of_three}),
                   ComputeZoneMap({.type = PhysicalType::kBytes,
                                   .count = 3,
                                   .values = reinterpret_cast<const std::byte*>(words)})};
  return sidecar;
}

std::string Hex(ByteSpan bytes) {
  std::ostringstream hex;
  for (size_t i = 0; i < bytes.size(); ++i) {
    char text[4];
    std::snprintf(text, sizeof(text), "%02x", static_cast<unsigned>(bytes[i]));
    hex << text << (i % 16 == 15 || i + 1 == bytes.size() ? "\n" : " ");
  }
  return hex.str();
}

TEST(ColdSidecarTest, WritesTheBytesOfTheDocument) {
  EXPECT_EQ(Hex(EncodeColdSidecar(Example())),
            "4c 43 53 43 01 00 00 00 00 40 00 00 07 00 00 00\n"
            "03 00 00 00 00 00 00 00 70 11 01 00 00 00 00 00\n"
            "0d f0 fe ca 03 00 00 00 00 40 00 00 00 00 01 00\n"
            "00 00 01 00 02 00 00 00 01 04 02 61 74 0c 54 49\n"
            "4d 45 53 54 41 4d 50 5f 4d 53 02 0e 04 77 6f 72\n"
            "64 07 56 41 52 43 48 41 52 11 11 11 11 22 22 22\n"
            "22 2f 01 0a 00 00 00 00 00 00 00 0b 00 00 00 00\n"
            "00 00 00 15 00 00 00 00 00 00 00 00 00 00 00 00\n"
            "00 00 00 0f 00 02 75 70 02 75 70 4d 20 31 1b\n");
}

TEST(ColdSidecarTest, EveryPartComesBack) {
  const ColdSidecar sidecar = Example();
  const auto read = DecodeColdSidecar(EncodeColdSidecar(sidecar));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->table_id, sidecar.table_id);
  EXPECT_EQ(read->run_id, sidecar.run_id);
  EXPECT_EQ(read->writer_epoch, 3u);
  EXPECT_EQ(read->row_count, 3u);
  EXPECT_EQ(read->object, sidecar.object);
  EXPECT_EQ(read->piece_crc32c, sidecar.piece_crc32c);
  ASSERT_EQ(read->columns.size(), 2u);
  EXPECT_EQ(read->columns[1].name, "word");
  EXPECT_EQ(read->columns[0].logical_type, "TIMESTAMP_MS");
  EXPECT_EQ(read->Zone(0, 0).max.As<int64_t>(), 11);
  EXPECT_EQ(read->Zone(0, 0).null_count, 1u);
  EXPECT_EQ(read->Zone(1, 0).min.Text(), "up");
  EXPECT_EQ(read->FindColumn(ColumnId{2}), 1u);
  EXPECT_EQ(read->FindColumn(ColumnId{3}), std::nullopt);
  EXPECT_EQ(EncodeColdSidecar(*read), EncodeColdSidecar(sidecar));
}

TEST(ColdSidecarTest, EveryFlippedBitAndEveryCutIsDetected) {
  const Bytes bytes = EncodeColdSidecar(Example());
  for (size_t at = 0; at < bytes.size(); ++at) {
    EXPECT_FALSE(DecodeColdSidecar(ByteSpan(bytes).first(at)).ok()) << at;
    for (int bit = 0; bit < 8; ++bit) {
      Bytes damaged = bytes;
      damaged[at] ^= static_cast<std::byte>(1 << bit);
      EXPECT_FALSE(DecodeColdSidecar(damaged).ok()) << at;
    }
  }
}

TEST(ColdSidecarTest, CountsAreBoundedEvenWithARightChecksum) {
  Bytes bytes = EncodeColdSidecar(Example());
  for (const size_t offset : {24, 36, 52}) {  // object size, rows, columns
    Bytes hostile = bytes;
    StoreLe(hostile.data() + offset, uint32_t{0xfffffff0});
    const size_t end = hostile.size() - sizeof(uint32_t);
    StoreLe(hostile.data() + end, Crc32c(ByteSpan(hostile).first(end)));
    EXPECT_EQ(DecodeColdSidecar(hostile).status().code(), StatusCode::kCorruption) << offset;
  }
}

TEST(ColdKeysTest, TheEpochIsTheThirdNumberOfAName) {
  EXPECT_EQ(EpochOfColdKey("p/uuid/16384/16384-7-1f-a.parquet"), 0x1fu);
  EXPECT_EQ(EpochOfColdKey("16384-7-3-1.parquet.sidecar"), 3u);
  for (const char* const other : {"manifest.json", "16384-7-3.parquet", "16384-7-3-1", "a-b-c-d.x",
                                  "16384-7--1.parquet", "", "1-2-3-"}) {
    EXPECT_EQ(EpochOfColdKey(other), std::nullopt) << other;
  }
}

// Before, the number of blocks of a run of nearly 2^32 rows was 0.
TEST(ColdSidecarTest, ARunMayHaveAsManyRowsAsItsCountHolds) {
  ColdSidecar sidecar;
  sidecar.row_count = UINT32_MAX;
  EXPECT_EQ(sidecar.block_count(), 262'144u);
  EXPECT_EQ(sidecar.BlockRows(262'143), kBlockRows - 1);
  EXPECT_EQ(sidecar.group_count(), 65'536u);
}

}  // namespace
}  // namespace luma::storage
