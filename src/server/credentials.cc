#include "server/credentials.h"

#include <openssl/crypto.h>

namespace luma::server {
namespace {

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

Credentials::Credentials(const Config& config) { Update(config); }

bool Credentials::Check(std::string_view username, std::string_view password) const {
  const MutexLock lock(mutex_);
  const bool name_fits = EqualInConstantTime(username, username_);
  const bool password_fits = EqualInConstantTime(password, password_);
  return name_fits && password_fits && !password_.empty();
}

void Credentials::Update(const Config& config) {
  const MutexLock lock(mutex_);
  username_ = config.auth.username;
  password_ = config.auth.password;
}

}  // namespace luma::server
