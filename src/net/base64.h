// Base64, RFC 4648.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace luma::net {

// Of either alphabet, with or without padding. nullopt for other characters. Threads: any.
std::optional<std::string> Base64Decode(std::string_view text);

}  // namespace luma::net
