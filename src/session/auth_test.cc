#include "session/auth.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace luma::session {
namespace {

TEST(AuthTest, ComparisonIsThatOfStrings) {
  EXPECT_TRUE(EqualInConstantTime("abc", "abc"));
  EXPECT_TRUE(EqualInConstantTime("", ""));
  for (const char* given : {"", "a", "ab", "abd", "abcd", "abcabc"}) {
    EXPECT_FALSE(EqualInConstantTime("abc", given)) << given;
  }
  EXPECT_FALSE(EqualInConstantTime("", "a"));
}

TEST(AuthTest, MethodsHaveNames) {
  EXPECT_EQ(*ParseAuthMethod("md5"), AuthMethod::kMd5);
  EXPECT_EQ(*ParseAuthMethod("trust"), AuthMethod::kTrust);
  EXPECT_FALSE(ParseAuthMethod("MD5").ok());
}

TEST(AuthTest, PasswordIsAskedForOnlyWhenRequired) {
  AuthConfig config;
  EXPECT_FALSE(config.AsksForPassword());
  config.require_auth = true;
  EXPECT_TRUE(config.AsksForPassword());
  config.method = AuthMethod::kTrust;
  EXPECT_FALSE(config.AsksForPassword());
}

TEST(AuthTest, SaltsDiffer) {
  std::set<std::array<uint8_t, 4>> salts;
  for (int i = 0; i < 50; ++i) salts.insert(Md5Challenge::Create()->salt());
  EXPECT_GE(salts.size(), 49u);
}

TEST(AuthTest, AnswersThatAreNotHashesAreRefused) {
  AuthConfig config;
  config.password = "secret";
  const Md5Challenge challenge = *Md5Challenge::Create();
  for (const std::string& answer : {std::string(), std::string("secret"), std::string("md5"),
                                    "md5" + std::string(32, '0'), std::string(100'000, 'x')}) {
    EXPECT_FALSE(challenge.Accepts(config, "luma", answer));
  }
}

}  // namespace
}  // namespace luma::session
