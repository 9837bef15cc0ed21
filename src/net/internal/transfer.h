// One transfer of the fetcher, as libcurl has it.
#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <cstdint>

#include "net/fetcher.h"

namespace luma::net {

// Belongs to the thread of the fetcher once it has been queued.
struct Transfer {
  Transfer(FetchRequest wanted, Fetcher::Done callback)
      : request(std::move(wanted)), done(std::move(callback)) {}
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  FetchRequest request;
  Fetcher::Done done;
  FetchResponse response = {};
  bool allow_link_local = false;
  MemoryAccount* memory = nullptr;
  bool has_proxy = false;
  bool too_large = false;
  bool no_memory = false;
  bool refused = false;
  CURL* handle = nullptr;
  curl_slist* headers = nullptr;
  curl_slist* proxy_headers = nullptr;
  curl_slist* connect_to = nullptr;
  std::array<char, CURL_ERROR_SIZE> error = {};
};

// Makes the handle, which is told all of the request. Errors: kPermissionDenied for a host that is
// refused before anything is asked.
Status Prepare(Transfer& transfer);

// Calls `done` with what came of it.
void Answer(Transfer& transfer, CURLcode code);
void GiveUp(Transfer& transfer);

}  // namespace luma::net
