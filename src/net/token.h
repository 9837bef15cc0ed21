// Access tokens that one server gives for requests to others, as OAuth 2.0 has them.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "net/fetcher.h"

namespace luma::net {

struct AccessToken {
  std::string authorization;                                     // "Bearer <token>"
  std::optional<std::chrono::seconds> valid_for = std::nullopt;  // none: for ever
};

// Who gives tokens, and what they are asked. Plain data.
struct TokenOptions {
  std::string key = {};                     // equal ones get the same tokens
  std::vector<FetchRequest> requests = {};  // tried one after another until there is a token
  // Reads an answer. Called on the thread of the fetcher, where it must not block.
  std::function<Result<AccessToken>(const FetchResponse&)> read = nullptr;
};

}  // namespace luma::net
