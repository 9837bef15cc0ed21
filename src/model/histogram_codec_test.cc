#include "model/histogram_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

#include "base/bytes.h"
#include "model/sample.h"

namespace luma {
namespace {

StoredHistogram Example() {
  StoredHistogram stored;
  stored.is_integer = true;
  stored.histogram.count = 4;
  stored.histogram.sum = 5;
  stored.histogram.zero_threshold = 0.001;
  stored.histogram.positive = {{0, 1}, {1, 2}, {2, 1}};
  return stored;
}

std::string Encoded(const StoredHistogram& stored) {
  std::string bytes;
  AppendHistogram(stored, bytes);
  return bytes;
}

// The bytes of the fenced block after "Bytes of the example histogram:".
std::string DocumentedBytes() {
  std::ifstream file("docs/formats/histogram.md");
  std::string line;
  while (std::getline(file, line) && line != "Bytes of the example histogram:") {
  }
  std::getline(file, line);
  std::string bytes;
  while (std::getline(file, line) && line != "```") {
    std::istringstream words(line.substr(0, line.find('#')));
    for (std::string word; words >> word;) {
      bytes.push_back(static_cast<char>(std::stoul(word, nullptr, 16)));
    }
  }
  return bytes;
}

void ExpectComesBack(const StoredHistogram& stored) {
  const Result<StoredHistogram> decoded = DecodeHistogram(Encoded(stored));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_LE(HistogramBytes(decoded->histogram), DecodedHistogramBytesMax(Encoded(stored)));
  EXPECT_TRUE(AreSameHistograms(decoded->histogram, stored.histogram));
  EXPECT_EQ(decoded->histogram.hint, stored.histogram.hint);
  EXPECT_EQ(decoded->is_integer, stored.is_integer);
  EXPECT_EQ(decoded->age_ms, stored.age_ms);
}

TEST(HistogramCodecTest, TheDocumentedBytesAreWhatIsWritten) {
  EXPECT_EQ(Encoded(Example()), DocumentedBytes());
}

TEST(HistogramCodecTest, EveryFieldComesBack) {
  StoredHistogram stored = Example();
  ExpectComesBack(stored);
  stored.histogram.hint = ResetHint::kGauge;
  stored.age_ms = -90'000;
  stored.histogram.zero_count = 0.5;
  stored.histogram.schema = -4;
  stored.histogram.negative = {{-7, 2.5}, {-6, 1}, {1000, 3}};
  stored.is_integer = false;
  ExpectComesBack(stored);
  stored.histogram.negative = {{std::numeric_limits<int32_t>::min(), 1},
                               {std::numeric_limits<int32_t>::max(), 2}};
  ExpectComesBack(stored);
}

TEST(HistogramCodecTest, CustomBoundsComeBack) {
  StoredHistogram stored;
  stored.histogram.schema = kCustomBoundsSchema;
  stored.histogram.custom_bounds = {-1.5, 0, 10};
  stored.histogram.positive = {{0, 2}, {3, 4}};
  stored.histogram.count = 6;
  ExpectComesBack(stored);
}

TEST(HistogramCodecTest, AMarkerOfAnEndIsOneAfterwards) {
  StoredHistogram stored = Example();
  stored.histogram.sum = kStaleNan;
  const Result<StoredHistogram> decoded = DecodeHistogram(Encoded(stored));
  ASSERT_TRUE(decoded.ok());
  EXPECT_TRUE(IsStaleNan(decoded->histogram.sum));
}

TEST(HistogramCodecTest, EveryCutAndEveryUnknownFlagIsCorruption) {
  const std::string bytes = Encoded(Example());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeHistogram(bytes.substr(0, size)).status().code(), StatusCode::kCorruption);
  }
  EXPECT_EQ(DecodeHistogram(bytes + '\0').status().code(), StatusCode::kCorruption);
  for (const char flag : {'\x20', '\x40', '\x80'}) {
    std::string changed = bytes;
    changed[1] = static_cast<char>(changed[1] | flag);
    EXPECT_EQ(DecodeHistogram(changed).status().code(), StatusCode::kCorruption);
  }
}

TEST(HistogramCodecTest, WhatCannotBeIsRefused) {
  const auto refused = [](auto change) {
    StoredHistogram stored = Example();
    change(stored);
    return CheckHistogram(stored).code() == StatusCode::kInvalidArgument;
  };
  EXPECT_FALSE(refused([](StoredHistogram&) {}));
  EXPECT_TRUE(refused([](StoredHistogram& s) { s.histogram.schema = 9; }));
  EXPECT_TRUE(refused([](StoredHistogram& s) { s.histogram.count = 5; }));
  EXPECT_FALSE(refused([](StoredHistogram& s) {
    s.histogram.count = 5;
    s.histogram.sum = std::nan("");
  }));
  EXPECT_TRUE(refused([](StoredHistogram& s) { s.histogram.positive[1].count = -2; }));
  EXPECT_TRUE(refused([](StoredHistogram& s) { s.histogram.custom_bounds = {1}; }));
  EXPECT_TRUE(refused([](StoredHistogram& s) {
    s.histogram.schema = kCustomBoundsSchema;
    s.histogram.zero_threshold = 0;
    s.histogram.custom_bounds = {1};  // buckets 0 and 1 have bounds, 2 has none
  }));
}

}  // namespace
}  // namespace luma
