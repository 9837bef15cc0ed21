#include "server/quantity.h"

#include <gtest/gtest.h>

namespace luma::server {
namespace {

using std::chrono::milliseconds;

TEST(DurationTest, ReadsUnitsAndTheirSums) {
  EXPECT_EQ(*ParseDuration("250ms"), milliseconds(250));
  EXPECT_EQ(*ParseDuration("15s"), milliseconds(15'000));
  EXPECT_EQ(*ParseDuration("1h30m"), milliseconds(5'400'000));
  EXPECT_EQ(*ParseDuration("0s"), milliseconds(0));
}

TEST(DurationTest, RefusesWhatHasNoUnitWrongOrderOrNoMeaning) {
  for (const char* text : {"", "15", "s", "-1s", "1.5s", "1s1m", "1s1s", "1 s", "15S", "1s ",
                           "999999999999999999999s", "10001d", "10000d1ms"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(DurationTest, WhatIsWrittenReadsBackTheSame) {
  for (const int64_t millis : {0, 1, 999, 1'000, 61'001, 86'400'000, 90'061'001}) {
    const std::string text = FormatDuration(milliseconds(millis));
    EXPECT_EQ(*ParseDuration(text), milliseconds(millis)) << text;
  }
}

TEST(ByteCountTest, ReadsBinaryUnitsAndPlainBytes) {
  EXPECT_EQ(ParseByteCount("64MiB")->bytes, 64u << 20);
  EXPECT_EQ(ParseByteCount("1000")->bytes, 1000u);
  EXPECT_EQ(ParseByteCount("0B")->bytes, 0u);
}

TEST(ByteCountTest, RefusesOtherUnitsAndOverflow) {
  for (const char* text : {"", "MiB", "64MB", "64mib", "-1B", "1MiB1B", "8388608TiB", "1.5GiB"}) {
    EXPECT_FALSE(ParseByteCount(text).ok()) << text;
  }
}

TEST(ByteCountTest, WhatIsWrittenReadsBackTheSame) {
  for (const uint64_t bytes : {0ull, 1ull, 1023ull, 1024ull, 1536ull, 3ull << 30, 5ull << 40}) {
    EXPECT_EQ(ParseByteCount(FormatByteCount({bytes}))->bytes, bytes);
  }
  EXPECT_EQ(FormatByteCount({64u << 20}), "64MiB");
}

}  // namespace
}  // namespace luma::server
