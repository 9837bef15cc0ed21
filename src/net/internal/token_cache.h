// The tokens of a fetcher: each is asked for once, however many requests wait for it.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/fetcher.h"
#include "net/token.h"

namespace luma::net {

// Belongs to one thread, which also calls back.
class TokenCache {
 public:
  // Fetches without a token.
  using Fetch = std::function<void(FetchRequest, Fetcher::Done)>;
  explicit TokenCache(Fetch fetch) : fetch_(std::move(fetch)) {}

  // Calls `ready` once, now or later, with the value of the header Authorization. A token is asked
  // for anew shortly before its time is over. Errors: those of the fetch and of TokenOptions::read,
  // of the last request that was tried.
  using Ready = std::function<void(const Result<std::string>& authorization)>;
  void Get(const std::shared_ptr<const TokenOptions>& options, Ready ready);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Entry {
    std::shared_ptr<const TokenOptions> options;
    std::string authorization = {};  // empty: there is none
    Time expires = Time::max();
    std::vector<Ready> waiting = {};  // not empty: it is being asked for
    size_t request = 0;               // that is tried, or was the one that worked
    size_t failures = 0;              // of those tried in a row
  };

  void Ask(Entry& entry);
  void OnAnswer(const std::string& key, const Result<FetchResponse>& response);
  void Finish(Entry& entry, const Result<std::string>& authorization);
  void ForgetOldOnes(Time now);

  const Fetch fetch_;
  std::map<std::string, Entry> entries_;
};

}  // namespace luma::net
