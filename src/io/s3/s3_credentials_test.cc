#include "io/s3/s3_credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "io/sim_disk.h"

namespace luma::io {
namespace {

constexpr std::string_view kFile =
    "# comment\n[default]\naws_access_key_id = ID\r\naws_secret_access_key=a/b=c+\n\n"
    "[ other ]\naws_access_key_id = ID2\naws_secret_access_key = S2\naws_session_token = T2\n"
    "region = x\n[half]\naws_access_key_id = SENSITIVE\n";

Environment Variables(std::map<std::string, std::string> variables) {
  return [variables](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? "" : found->second;
  };
}

TEST(S3CredentialsTest, ReadsAProfile) {
  const auto standard = ParseS3Credentials(kFile, "default");
  ASSERT_TRUE(standard.ok()) << standard.status();
  EXPECT_EQ(standard->access_key, "ID");
  EXPECT_EQ(standard->secret_key, "a/b=c+");
  EXPECT_EQ(standard->session_token, "");
  EXPECT_EQ(ParseS3Credentials(kFile, "other")->session_token, "T2");
}

TEST(S3CredentialsTest, ErrorsNameTheProfileAndNoValue) {
  EXPECT_EQ(ParseS3Credentials(kFile, "none").status().code(), StatusCode::kNotFound);
  const Status half = ParseS3Credentials(kFile, "half").status();
  EXPECT_EQ(half.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(half.message(), testing::HasSubstr("profile=half"));
  EXPECT_THAT(half.message(), testing::Not(testing::HasSubstr("SENSITIVE")));
}

TEST(S3CredentialsTest, TheEnvironmentWinsOverTheFile) {
  SimDisk disk;
  ASSERT_TRUE(disk.CreateDirectories("/home/.aws").ok());
  ASSERT_TRUE(WriteFileAtomically(disk, "/home/.aws/credentials", AsBytes(kFile)).ok());
  EXPECT_EQ(FindS3Credentials(Variables({{"HOME", "/home"}}), disk)->access_key, "ID");
  EXPECT_EQ(
      FindS3Credentials(Variables({{"HOME", "/home"}, {"AWS_PROFILE", "other"}}), disk)->access_key,
      "ID2");
  const auto from_environment = FindS3Credentials(Variables({{"HOME", "/home"},
                                                             {"AWS_ACCESS_KEY_ID", "E"},
                                                             {"AWS_SECRET_ACCESS_KEY", "S"},
                                                             {"AWS_SESSION_TOKEN", "T"}}),
                                                  disk);
  EXPECT_EQ(from_environment->access_key, "E");
  EXPECT_EQ(from_environment->session_token, "T");
}

TEST(S3CredentialsTest, NoneAtAllSaysWhereItLooked) {
  SimDisk disk;
  const Status status =
      FindS3Credentials(Variables({{"AWS_SHARED_CREDENTIALS_FILE", "/c"}}), disk).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), testing::HasSubstr("path=/c"));
}

}  // namespace
}  // namespace luma::io
