// A blocking loopback socket that speaks to a server under test.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "pgwire/testing/wire_client.h"

namespace luma::pgwire::testing {

class TestSocket {
 public:
  explicit TestSocket(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) Close();
  }
  ~TestSocket() { Close(); }
  TestSocket(TestSocket&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        received_(std::move(other.received_)),
        unread_(std::move(other.unread_)) {}
  TestSocket& operator=(TestSocket&&) = delete;

  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  // Answers up to the first whose text starts with `last`, or up to the end of the connection.
  std::vector<std::string> ReadUpTo(std::string_view last) {
    std::vector<std::string> answers;
    while (true) {
      for (std::string& answer : TakeAnswers(received_)) unread_.push_back(std::move(answer));
      while (!unread_.empty()) {
        answers.push_back(std::move(unread_.front()));
        unread_.pop_front();
        if (answers.back().starts_with(last)) return answers;
      }
      if (!ReadMore()) return answers;
    }
  }
  std::vector<std::string> Ask(std::string_view bytes) {
    Send(bytes);
    return ReadUpTo("Z");
  }
  // Raw bytes, at least `count` unless the connection ends.
  std::string ReadBytes(size_t count) {
    while (received_.size() < count && ReadMore()) {
    }
    return std::exchange(received_, "");
  }
  // True when the server ends the connection within ten seconds; discards what comes before.
  bool IsClosedByServer() {
    while (ReadMore()) received_.clear();
    return ended_;
  }
  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  bool ReadMore() {
    pollfd descriptor{fd_, POLLIN, 0};
    if (::poll(&descriptor, 1, 10'000) <= 0) return false;
    char buffer[65536];
    const ssize_t bytes = ::recv(fd_, buffer, sizeof(buffer), 0);
    ended_ = bytes <= 0;
    if (bytes > 0) received_.append(buffer, static_cast<size_t>(bytes));
    return bytes > 0;
  }

  int fd_;
  std::string received_;
  std::deque<std::string> unread_;
  bool ended_ = false;
};

}  // namespace luma::pgwire::testing
