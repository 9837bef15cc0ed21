// [cold] store: where the objects of the cold tier lie.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/status.h"

namespace luma::server {

struct NoColdStore {};
struct ColdDirectory {
  std::string path;
};
struct ColdBucket {
  std::string bucket;
  std::string key_prefix;  // before every key: "" or "a/b/"
};
using ColdLocation = std::variant<NoColdStore, ColdDirectory, ColdBucket>;

// Reads "", a path, "s3://bucket" or "s3://bucket/prefix". Errors: kInvalidArgument for another
// scheme, a bucket no S3 service would name so, or a prefix that is no key.
Result<ColdLocation> ParseColdLocation(std::string_view text);

}  // namespace luma::server
