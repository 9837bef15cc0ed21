// What an http_config says, in requests.
#pragma once

#include "base/status.h"
#include "net/fetcher.h"
#include "prom/scrape/http_client_config.h"

namespace luma::prom {

// Adds what the configuration itself has: passwords, tokens, headers, proxies. `request` has its
// timeout.
void ApplyClientConfig(const HttpClientConfig& http, net::FetchRequest& request);

bool HasSecretFiles(const HttpClientConfig& http);
// Adds what is in files, as it is now. Blocks. Errors: kNotFound.
Status AddSecretsFromFiles(const HttpClientConfig& http, net::FetchRequest& request);

}  // namespace luma::prom
