#include "server/credentials.h"

#include <gtest/gtest.h>

namespace luma::server {
namespace {

TEST(CredentialsTest, OnlyTheRightNameAndPasswordFit) {
  Config config;
  config.auth.password = "secret";
  const Credentials credentials(config);
  EXPECT_TRUE(credentials.Check("luma", "secret"));
  EXPECT_FALSE(credentials.Check("luma", "Secret"));
  EXPECT_FALSE(credentials.Check("luma", "secret "));
  EXPECT_FALSE(credentials.Check("Luma", "secret"));
  EXPECT_FALSE(credentials.Check("", ""));
}

TEST(CredentialsTest, AnEmptyPasswordNeverFits) {
  EXPECT_FALSE(Credentials(Config()).Check("luma", ""));
}

}  // namespace
}  // namespace luma::server
