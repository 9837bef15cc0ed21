// Tokens by OAuth 2.0's client credentials: what is asked, and how the answer is read.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "net/token.h"
#include "prom/scrape/http_client_config.h"

namespace luma::prom {

// The client tells its secret by basic authentication, or, if that is refused, in the form: servers
// want the one or the other. Redirects are not followed.
net::TokenOptions OAuth2Tokens(const OAuth2Config& config, const std::string& client_secret,
                               std::chrono::milliseconds timeout);

// Reads {"access_token": ..., "token_type": ..., "expires_in": ...}. Errors: kUnavailable for
// another status than 2xx, kInvalidArgument for what is no token.
Result<net::AccessToken> ReadTokenAnswer(int status, std::string_view body);

}  // namespace luma::prom
