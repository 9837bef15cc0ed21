#include "session/auth.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cstring>

namespace luma::session {
namespace {

std::string Md5Hex(std::string_view first, std::string_view second) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int digest_bytes = 0;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const bool done = EVP_DigestInit_ex(context, EVP_md5(), nullptr) == 1 &&
                    EVP_DigestUpdate(context, first.data(), first.size()) == 1 &&
                    EVP_DigestUpdate(context, second.data(), second.size()) == 1 &&
                    EVP_DigestFinal_ex(context, digest, &digest_bytes) == 1;
  EVP_MD_CTX_free(context);
  if (!done) return {};  // MD5 switched off in this OpenSSL: nobody's answer is accepted
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  std::string hex;
  for (unsigned int i = 0; i < digest_bytes; ++i) {
    hex.push_back(kHexDigits[digest[i] >> 4]);
    hex.push_back(kHexDigits[digest[i] & 15]);
  }
  return hex;
}

Status FillRandom(void* bytes, int count) {
  if (RAND_bytes(static_cast<unsigned char*>(bytes), count) == 1) return Status::Ok();
  return Status::Internal("no random numbers from the system");
}

}  // namespace

Result<AuthMethod> ParseAuthMethod(std::string_view name) {
  if (name == "md5") return AuthMethod::kMd5;
  if (name == "trust") return AuthMethod::kTrust;
  return Status::InvalidArgument("unknown authentication method: method=", name,
                                 " known=md5,trust");
}

Result<Md5Challenge> Md5Challenge::Create() {
  Md5Challenge challenge;
  LUMA_RETURN_IF_ERROR(
      FillRandom(challenge.salt_.data(), static_cast<int>(challenge.salt_.size())));
  return challenge;
}

bool Md5Challenge::Accepts(const AuthConfig& config, std::string_view username,
                           std::string_view answer) const {
  const std::string_view salt(reinterpret_cast<const char*>(salt_.data()), salt_.size());
  const std::string inner = Md5Hex(config.password, username);
  const std::string outer = Md5Hex(inner, salt);
  const bool hashed = !inner.empty() && !outer.empty();
  const bool answer_right = EqualInConstantTime("md5" + outer, answer);
  const bool user_right = EqualInConstantTime(config.username, username);
  // Bitwise on purpose: no comparison is skipped because another one failed.
  return (static_cast<int>(hashed) & static_cast<int>(answer_right) &
          static_cast<int>(user_right)) != 0;
}

bool EqualInConstantTime(std::string_view expected, std::string_view given) {
  unsigned difference = expected.size() == given.size() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i) {
    const char other = expected.empty() ? '\0' : expected[i % expected.size()];
    difference |= static_cast<unsigned char>(other) ^ static_cast<unsigned char>(given[i]);
  }
  return difference == 0;
}

Result<int32_t> RandomSecret() {
  uint32_t value = 0;
  LUMA_RETURN_IF_ERROR(FillRandom(&value, sizeof(value)));
  return static_cast<int32_t>(value & INT32_MAX);
}

}  // namespace luma::session
