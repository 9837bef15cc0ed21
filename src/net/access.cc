#include "net/access.h"

#include <optional>
#include <string>

#include "net/base64.h"

namespace luma::net {
namespace {

// What follows the scheme, which is "Basic " or the like.
std::optional<std::string_view> OfScheme(std::string_view scheme, std::string_view header) {
  if (!EqualsIgnoringCase(header.substr(0, scheme.size()), scheme)) return std::nullopt;
  return header.substr(scheme.size());
}

std::optional<std::string> CredentialsIn(std::string_view header) {
  if (const auto token = OfScheme("Token ", header)) return std::string(*token);
  const auto basic = OfScheme("Basic ", header);
  return basic ? Base64Decode(*basic) : std::nullopt;
}

}  // namespace

bool PassesPasswordCheck(const HttpRequest& request, const PasswordCheck& check) {
  const std::optional<std::string> credentials = CredentialsIn(request.Header("Authorization"));
  if (!credentials) return false;
  const std::string_view text = *credentials;
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  return check.Check(text.substr(0, colon), text.substr(colon + 1));
}

}  // namespace luma::net
