#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace luma {
namespace {

using testing::EndsWith;

std::string Logged(std::string_view text) {
  testing::internal::CaptureStderr();
  LUMA_LOG(kError, "test", "given: text={}", text);
  return testing::internal::GetCapturedStderr();
}

TEST(LogTest, ALineHasTimeLevelModuleAndMessage) {
  EXPECT_THAT(Logged("x"),
              testing::MatchesRegex("....-..-..T..:..:...*Z error test given: text=x\n"));
}

TEST(LogTest, AnEventIsOneLineWhateverItQuotes) {
  EXPECT_THAT(Logged("a\n2026-01-01T00:00:00Z info server fake\x1b[0m"),
              EndsWith("text=a\\n2026-01-01T00:00:00Z info server fake\\x1b[0m\n"));
}

}  // namespace
}  // namespace luma
