#include "io/s3/sigv4.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include "base/check.h"

namespace luma::io {
namespace {

using Digest = std::array<unsigned char, 32>;

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

Digest Sha256(ByteSpan bytes) {
  Digest digest;
  LUMA_CHECK(
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return digest;
}

Digest HmacSha256(std::string_view key, std::string_view text) {
  Digest digest;
  unsigned int size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  LUMA_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, text.size(),
                  digest.data(), &size) != nullptr);
  return digest;
}

std::string_view AsText(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string Hex(const Digest& digest) {
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

// Names in lower case, sorted.
std::vector<NameValue> CanonicalHeaders(const std::vector<NameValue>& headers) {
  std::vector<NameValue> canonical;
  for (const auto& [name, value] : headers) canonical.emplace_back(LowerCase(name), value);
  std::ranges::sort(canonical);
  return canonical;
}

Digest SigningKey(std::string_view secret_key, std::string_view date, const SigningScope& scope) {
  const Digest of_date = HmacSha256(fmt::format("AWS4{}", secret_key), date);
  const Digest of_region = HmacSha256(AsText(of_date), scope.region);
  const Digest of_service = HmacSha256(AsText(of_region), scope.service);
  return HmacSha256(AsText(of_service), "aws4_request");
}

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string UriEncode(std::string_view text, bool keep_slash) {
  std::string encoded;
  for (const char c : text) {
    if (IsUnreserved(c) || (c == '/' && keep_slash)) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::string CanonicalQuery(std::vector<NameValue> query) {
  for (auto& [name, value] : query) {
    name = UriEncode(name, /*keep_slash=*/false);
    value = UriEncode(value, /*keep_slash=*/false);
  }
  std::ranges::sort(query);
  std::string text;
  for (const auto& [name, value] : query) {
    text += (text.empty() ? "" : "&") + name + "=" + value;
  }
  return text;
}

std::string Sha256Hex(ByteSpan bytes) { return Hex(Sha256(bytes)); }

std::string AmzDate(UnixMillis now) {
  const auto seconds = static_cast<std::time_t>(now / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::string Authorization(const RequestToSign& request, const SigningScope& scope,
                          const S3Credentials& credentials) {
  std::string header_lines, header_names;
  for (const auto& [name, value] : CanonicalHeaders(request.headers)) {
    header_lines += fmt::format("{}:{}\n", name, value);
    header_names += (header_names.empty() ? "" : ";") + name;
  }
  const std::string canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, request.path, request.query,
                  header_lines, header_names, request.payload_sha256);
  const std::string_view date = request.amz_date.substr(0, 8);
  const std::string scope_text =
      fmt::format("{}/{}/{}/aws4_request", date, scope.region, scope.service);
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, request.amz_date,
                                          scope_text, Sha256Hex(AsBytes(canonical)));
  const Digest key = SigningKey(credentials.secret_key, date, scope);
  return fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                     credentials.access_key, scope_text, header_names,
                     Hex(HmacSha256(AsText(key), to_sign)));
}

}  // namespace luma::io
