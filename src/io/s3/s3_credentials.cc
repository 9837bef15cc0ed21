#include "io/s3/s3_credentials.h"

#include <algorithm>
#include <cstdlib>

namespace luma::io {
namespace {

constexpr uint64_t kFileBytesMax = 1 << 20;

std::string_view Trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t\r") + 1);
}

void TakeSetting(std::string_view line, S3Credentials& credentials) {
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos) return;
  const std::string_view name = Trimmed(line.substr(0, equals));
  const std::string_view value = Trimmed(line.substr(equals + 1));
  if (name == "aws_access_key_id") credentials.access_key = value;
  if (name == "aws_secret_access_key") credentials.secret_key = value;
  if (name == "aws_session_token") credentials.session_token = value;
}

std::string PathOfSharedFile(const Environment& environment) {
  const std::string path = environment("AWS_SHARED_CREDENTIALS_FILE");
  return path.empty() ? environment("HOME") + "/.aws/credentials" : path;
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const std::string& name) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in the process changes the environment
    const char* value = std::getenv(name.c_str());
    return std::string(value == nullptr ? "" : value);
  };
}

Result<S3Credentials> ParseS3Credentials(std::string_view text, std::string_view profile) {
  S3Credentials credentials;
  bool is_in_profile = false, is_found = false;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = Trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('#') || line.starts_with(';')) continue;
    if (line.starts_with('[') && line.ends_with(']')) {
      is_in_profile = Trimmed(line.substr(1, line.size() - 2)) == profile;
      is_found |= is_in_profile;
    } else if (is_in_profile) {
      TakeSetting(line, credentials);
    }
  }
  if (!is_found) return Status::NotFound("no such profile of credentials: profile=", profile);
  if (credentials.access_key.empty() || credentials.secret_key.empty()) {
    return Status::InvalidArgument(
        "profile needs aws_access_key_id and aws_secret_access_key: profile=", profile);
  }
  return credentials;
}

Result<S3Credentials> FindS3Credentials(const Environment& environment, FileSystem& fs) {
  S3Credentials credentials{.access_key = environment("AWS_ACCESS_KEY_ID"),
                            .secret_key = environment("AWS_SECRET_ACCESS_KEY"),
                            .session_token = environment("AWS_SESSION_TOKEN")};
  if (!credentials.access_key.empty() && !credentials.secret_key.empty()) return credentials;
  const std::string path = PathOfSharedFile(environment);
  const Result<uint64_t> size = fs.FileSize(path);
  if (!size.ok()) {
    return Status::NotFound(
        "no credentials for S3: neither in the configuration, nor in AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, nor in path=",
        path);
  }
  if (*size > kFileBytesMax) return Status::TooLarge("no file of credentials: path=", path);
  LUMA_ASSIGN_OR_RETURN(const Bytes text, ReadFile(fs, path));
  const std::string profile = environment("AWS_PROFILE");
  Result<S3Credentials> found =
      ParseS3Credentials(AsText(text), profile.empty() ? "default" : profile);
  if (!found.ok()) return found.status().WithContext(path);
  return found;
}

}  // namespace luma::io
