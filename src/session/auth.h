// Who may log in, and AuthenticationMD5Password.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace luma::session {

enum class AuthMethod : uint8_t {
  kMd5,    // AuthenticationMD5Password
  kTrust,  // no password is asked for; any user name is accepted
};

struct AuthConfig {
  std::string username = "luma";
  std::string password;
  bool require_auth = false;  // false is as kTrust
  AuthMethod method = AuthMethod::kMd5;
  bool AsksForPassword() const { return require_auth && method == AuthMethod::kMd5; }
};

Result<AuthMethod> ParseAuthMethod(std::string_view name);  // "md5", "trust"

// One challenge. The salt is random for each, so a captured answer is useless for the next.
// Unknown users get the same challenge, and checking their answer does the same work.
class Md5Challenge {
 public:
  // Errors: kInternal when the system gives no random numbers.
  static Result<Md5Challenge> Create();

  const std::array<uint8_t, 4>& salt() const { return salt_; }
  // `answer` is what PasswordMessage carries: "md5" + md5(md5(password + username) + salt) in hex.
  // Takes the same time wherever the answer or the user name is wrong.
  bool Accepts(const AuthConfig& config, std::string_view username, std::string_view answer) const;

 private:
  std::array<uint8_t, 4> salt_{};
};

// Compares in a time that depends only on the length of `given`.
bool EqualInConstantTime(std::string_view expected, std::string_view given);

// Random 31-bit key, for cancel requests. Errors: as Md5Challenge::Create.
Result<int32_t> RandomSecret();

}  // namespace luma::session
