#include "server/credentials.h"

#include "session/auth.h"

namespace luma::server {

bool Credentials::Check(std::string_view username, std::string_view password) const {
  const bool name_fits = session::EqualInConstantTime(username_, username);
  const bool password_fits = session::EqualInConstantTime(password_, password);
  return name_fits && password_fits && !password_.empty();
}

}  // namespace luma::server
