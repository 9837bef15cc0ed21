#include "storage/retention/expiry_clock_file.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/log.h"
#include "io/sim_disk.h"

namespace luma::storage {
namespace {

TEST(ExpiryClockFileTest, WritesTheExampleOfTheFormatDocument) {
  const uint8_t expected[] = {0x4c, 0x55, 0x4d, 0x41, 0x58, 0x43, 0x4c, 0x4b,
                              0x01, 0x00, 0x00, 0x00, 0x00, 0x68, 0xe5, 0xcf,
                              0x8b, 0x01, 0x00, 0x00, 0x2f, 0x7d, 0xfc, 0x5b};
  const Bytes bytes = EncodeExpiryClock(1'700'000'000'000);
  ASSERT_EQ(bytes.size(), sizeof(expected));
  for (size_t i = 0; i < bytes.size(); ++i) EXPECT_EQ(bytes[i], std::byte{expected[i]}) << i;
}

TEST(ExpiryClockFileTest, EveryFlippedBitIsFound) {
  const Bytes bytes = EncodeExpiryClock(1'700'000'000'000);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes damaged = bytes;
    damaged[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_FALSE(DecodeExpiryClock(damaged).ok()) << bit;
  }
  EXPECT_FALSE(DecodeExpiryClock(ByteSpan(bytes).first(23)).ok());
}

TEST(ExpiryClockFileTest, ComesBackOrIsAsNone) {
  SetLogLevel(LogLevel::kOff);
  io::SimDisk disk;
  ASSERT_TRUE(disk.CreateDirectories("/data").ok());
  EXPECT_EQ(LoadExpiryClock(disk, "/data/expiry_clock"), std::nullopt);
  ASSERT_TRUE(SaveExpiryClock(disk, "/data/expiry_clock", -5).ok());
  EXPECT_EQ(LoadExpiryClock(disk, "/data/expiry_clock"), -5);
  ASSERT_TRUE(io::WriteFileAtomically(disk, "/data/expiry_clock", AsBytes("short")).ok());
  EXPECT_EQ(LoadExpiryClock(disk, "/data/expiry_clock"), std::nullopt);
  SetLogLevel(LogLevel::kInfo);
}

}  // namespace
}  // namespace luma::storage
