#include "server/cold_location.h"

#include <algorithm>

#include "io/object_store.h"

namespace luma::server {
namespace {

constexpr std::string_view kS3Scheme = "s3://";

// The rules of S3, without those that only keep names apart from IP addresses.
bool IsBucketName(std::string_view name) {
  const auto is_letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  return name.size() >= 3 && name.size() <= 63 && is_letter_or_digit(name.front()) &&
         is_letter_or_digit(name.back()) && name.find("..") == std::string_view::npos &&
         std::ranges::all_of(name,
                             [&](char c) { return is_letter_or_digit(c) || c == '-' || c == '.'; });
}

Result<ColdLocation> ParseBucket(std::string_view text) {
  const size_t slash = std::min(text.find('/'), text.size());
  ColdBucket location{.bucket = std::string(text.substr(0, slash)), .key_prefix = ""};
  if (!IsBucketName(location.bucket)) {
    return Status::InvalidArgument("no valid name of a bucket: bucket=", location.bucket);
  }
  std::string_view prefix = text.substr(std::min(slash + 1, text.size()));
  if (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (prefix.empty()) return ColdLocation(location);
  LUMA_RETURN_IF_ERROR(io::CheckObjectKey(std::string(prefix)));
  location.key_prefix = std::string(prefix) + "/";
  return ColdLocation(location);
}

}  // namespace

Result<ColdLocation> ParseColdLocation(std::string_view text) {
  if (text.empty()) return ColdLocation(NoColdStore{});
  if (text.starts_with(kS3Scheme)) return ParseBucket(text.substr(kS3Scheme.size()));
  if (text.find("://") != std::string_view::npos) {
    return Status::InvalidArgument("neither s3:// nor a path: store=", text);
  }
  return ColdLocation(ColdDirectory{.path = std::string(text)});
}

}  // namespace luma::server
