// AWS signature version 4, as S3 uses it. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "io/s3/s3_options.h"

namespace luma::io {

using NameValue = std::pair<std::string, std::string>;

// Percent-encodes everything but letters, digits and "-._~"; '/' stays too when `keep_slash`.
std::string UriEncode(std::string_view text, bool keep_slash);
// "a=1&b=" of the pairs, encoded and sorted: what is sent is what is signed.
std::string CanonicalQuery(std::vector<NameValue> query);
std::string Sha256Hex(ByteSpan bytes);
// "20130524T000000Z"
std::string AmzDate(UnixMillis now);

struct SigningScope {
  std::string_view region;
  std::string_view service = "s3";
};

struct RequestToSign {
  std::string_view method;
  std::string_view path;                  // encoded
  std::string_view query;                 // canonical
  const std::vector<NameValue>& headers;  // all are signed; Host and X-Amz-Date among them
  std::string_view payload_sha256;        // in hex
  std::string_view amz_date;
};

// The value of the header Authorization.
std::string Authorization(const RequestToSign& request, const SigningScope& scope,
                          const S3Credentials& credentials);

}  // namespace luma::io
