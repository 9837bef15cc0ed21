#include "net/internal/token_cache.h"

#include <utility>

namespace luma::net {
namespace {

// A token that is about to end may be refused when it arrives.
constexpr std::chrono::seconds kEarly{10};

}  // namespace

void TokenCache::Get(const std::shared_ptr<const TokenOptions>& options, Ready ready) {
  const Time now = std::chrono::steady_clock::now();
  if (!entries_.contains(options->key)) ForgetOldOnes(now);
  Entry& entry = entries_[options->key];
  if (!entry.authorization.empty() && now < entry.expires) return ready(entry.authorization);
  entry.waiting.push_back(std::move(ready));
  if (entry.waiting.size() > 1) return;
  entry.options = options;
  entry.failures = 0;
  Ask(entry);
}

void TokenCache::Ask(Entry& entry) {
  fetch_(entry.options->requests[entry.request],
         [this, key = entry.options->key](const Result<FetchResponse>& response) {
           OnAnswer(key, response);
         });
}

void TokenCache::OnAnswer(const std::string& key, const Result<FetchResponse>& response) {
  Entry& entry = entries_.at(key);
  const Result<AccessToken> token =
      response.ok() ? entry.options->read(*response) : Result<AccessToken>(response.status());
  if (token.ok()) {
    entry.authorization = token->authorization;
    const Time now = std::chrono::steady_clock::now();
    entry.expires = token->valid_for ? now + *token->valid_for - kEarly : Time::max();
    return Finish(entry, entry.authorization);
  }
  const size_t requests = entry.options->requests.size();
  entry.request = (entry.request + 1) % requests;
  const bool tries_on = ++entry.failures < requests && response.ok();
  if (tries_on) return Ask(entry);
  entry.authorization.clear();
  entry.expires = Time::min();
  Finish(entry, token.status());
}

// Who waited may ask again at once.
void TokenCache::Finish(Entry& entry, const Result<std::string>& authorization) {
  const Result<std::string> told = authorization;
  for (const Ready& ready : std::exchange(entry.waiting, {})) ready(told);
}

// Secrets change, and with them keys.
void TokenCache::ForgetOldOnes(Time now) {
  std::erase_if(entries_, [now](const auto& entry) {
    return entry.second.waiting.empty() && entry.second.expires <= now;
  });
}

}  // namespace luma::net
