// What a client answers to AuthenticationMD5Password.
#pragma once

#include <openssl/evp.h>

#include <string>
#include <string_view>

namespace luma::pgwire::testing {

inline std::string Md5Hex(const std::string& bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_md5(), nullptr);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex.push_back("0123456789abcdef"[digest[i] >> 4]);
    hex.push_back("0123456789abcdef"[digest[i] & 15]);
  }
  return hex;
}

// `salt`: four bytes.
inline std::string Md5Answer(const std::string& user, const std::string& password,
                             std::string_view salt) {
  return "md5" + Md5Hex(Md5Hex(password + user) + std::string(salt));
}

}  // namespace luma::pgwire::testing
