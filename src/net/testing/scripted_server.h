// A server for tests that answers whatever comes, also what no HTTP server of ours takes: requests
// to a proxy.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"

namespace luma::net {

// One connection at a time, which serves until a response says "Connection: close".
class ScriptedServer {
 public:
  // Gets a request, head and body, and returns all of the response.
  using Answer = std::function<std::string(const std::string& request)>;

  explicit ScriptedServer(Answer answer)
      : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    LUMA_CHECK(::bind(listener_, any, length) == 0 && ::listen(listener_, 16) == 0);
    LUMA_CHECK(::getsockname(listener_, any, &length) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Run(); });
  }
  ~ScriptedServer() {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      if (peer_ >= 0) ::shutdown(peer_, SHUT_RDWR);
    }
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string Host() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string Url() const { return "http://" + Host(); }

  std::vector<std::string> requests() const LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return requests_;
  }

 private:
  void Run() {
    while (true) {
      const int peer = ::accept(listener_, nullptr, nullptr);
      if (!Take(peer)) return;
      while (Serve(peer, Read(peer))) {
      }
      Take(-1);
      ::close(peer);
    }
  }
  // False when it is time to stop. The connection at hand is ended by that.
  bool Take(int peer) LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (stopping_ && peer >= 0) ::close(peer);
    peer_ = stopping_ ? -1 : peer;
    return !stopping_;
  }

  static std::string Read(int peer) {
    std::string request;
    char bytes[4096];
    while (!IsWhole(request)) {
      const ssize_t count = ::recv(peer, bytes, sizeof(bytes), 0);
      if (count <= 0) return "";
      request.append(bytes, static_cast<size_t>(count));
    }
    return request;
  }
  static bool IsWhole(const std::string& request) {
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    const size_t end = request.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const size_t at = request.find(kLength);
    if (at == std::string::npos) return true;
    return request.size() >= end + 4 + std::stoul(request.substr(at + kLength.size()));
  }
  // False when the connection is done with.
  bool Serve(int peer, std::string request) LUMA_EXCLUDES(mutex_) {
    if (request.empty()) return false;
    const std::string response = answer_(request);
    {
      MutexLock lock(mutex_);
      requests_.push_back(std::move(request));
    }
    ::send(peer, response.data(), response.size(), MSG_NOSIGNAL);
    return response.find("Connection: close") == std::string::npos;
  }

  const Answer answer_;
  const int listener_;
  uint16_t port_ = 0;
  mutable Mutex mutex_;
  std::vector<std::string> requests_ LUMA_GUARDED_BY(mutex_);
  int peer_ LUMA_GUARDED_BY(mutex_) = -1;  // the connection at hand
  bool stopping_ LUMA_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// `headers` are whole lines.
inline std::string TestResponse(std::string_view status, std::string_view body,
                                std::string_view headers = "") {
  return "HTTP/1.1 " + std::string(status) + "\r\nConnection: close\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace luma::net
