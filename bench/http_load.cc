// The client of bench/tsbs_promql.py: one thread that keeps several connections asking, at a few
// microseconds a request. Threads of Python take turns at one lock: 0.1 ms of each request is
// theirs, and what eight of them measure is for the cheapest queries their own queue.
//
//     lumadb_http_load PORT PATH CONNECTIONS REQUESTS < FORM
//
// Posts FORM to 127.0.0.1:PORT: once on each connection, then prints "ready" and waits for the
// input to end; then REQUESTS times on each, the next when the last answer was read. Prints the
// milliseconds of each request, one a line.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "lumadb_http_load: %s\n", what.c_str());
  std::exit(1);
}

// Reads one answer piece by piece; counts bytes and keeps only what it has to understand.
class AnswerReader {
 public:
  // True when the answer is whole.
  bool Add(std::string_view bytes) {
    if (!in_body_) {
      head_.append(bytes);
      const size_t end = head_.find("\r\n\r\n");
      if (end == std::string::npos) return false;
      const std::string rest = head_.substr(end + 4);
      head_.resize(end + 2);
      StartBody();
      return AddBody(rest);
    }
    return AddBody(bytes);
  }

 private:
  std::optional<std::string> Header(std::string_view name) const {
    for (size_t at = head_.find("\r\n"); at + 2 < head_.size(); at = head_.find("\r\n", at + 2)) {
      const char* const line = head_.c_str() + at + 2;
      if (strncasecmp(line, name.data(), name.size()) == 0 && line[name.size()] == ':') {
        return std::string(line + name.size() + 1);
      }
    }
    return std::nullopt;
  }

  void StartBody() {
    if (!head_.starts_with("HTTP/1.1 200")) Die(head_);
    in_body_ = true;
    if (const auto length = Header("Content-Length")) {
      left_ = std::stoull(*length);
    } else {
      chunked_ = true;
    }
  }

  bool AddBody(std::string_view bytes) {
    if (!chunked_) {
      left_ -= std::min<uint64_t>(left_, bytes.size());
      return left_ == 0;
    }
    while (!bytes.empty()) {
      const uint64_t skipped = std::min<uint64_t>(left_, bytes.size());
      left_ -= skipped;
      bytes.remove_prefix(skipped);
      if (left_ == 0 && !bytes.empty() && EndsChunkLine(bytes)) return true;
    }
    return false;
  }

  // Takes the length of the next chunk from `bytes` as far as it is there; true for the last one.
  bool EndsChunkLine(std::string_view& bytes) {
    const size_t end = bytes.find('\n');
    chunk_line_.append(bytes.substr(0, end));
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (end == std::string_view::npos) return false;
    const std::string line = std::exchange(chunk_line_, {});
    if (last_chunk_) return true;  // the empty line after it
    const uint64_t length = std::stoull(line, nullptr, 16);
    last_chunk_ = length == 0;
    left_ = last_chunk_ ? 0 : length + 2;  // with the line end behind it
    return false;
  }

  std::string head_;
  std::string chunk_line_;
  bool in_body_ = false;
  bool chunked_ = false;
  bool last_chunk_ = false;
  uint64_t left_ = 0;
};

class Connection {
 public:
  explicit Connection(uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int yes = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
      Die("cannot connect");
  }

  int socket() const { return socket_; }
  void Send(const std::string& request) {
    answer_ = AnswerReader();
    begin_ = Clock::now();
    // Small enough for any socket's buffer.
    if (send(socket_, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
      Die("cannot send");
    }
  }
  // Reads what is there; the milliseconds it took when the answer is whole.
  std::optional<double> Read() {
    static char buffer[256 << 10];
    const ssize_t count = recv(socket_, buffer, sizeof(buffer), 0);
    if (count <= 0) Die("the server closed the connection");
    if (!answer_.Add({buffer, static_cast<size_t>(count)})) return std::nullopt;
    return std::chrono::duration<double, std::milli>(Clock::now() - begin_).count();
  }

 private:
  static int socket(int family, int type, int protocol) { return ::socket(family, type, protocol); }
  const int socket_;
  Clock::time_point begin_;
  AnswerReader answer_;
};

class Load {
 public:
  Load(uint16_t port, size_t connections, std::string request) : request_(std::move(request)) {
    for (size_t i = 0; i < connections; ++i) {
      connections_.emplace_back(port);
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_.back().socket(), &event);
    }
  }

  std::vector<double> Ask(size_t requests) {
    std::vector<double> times;
    std::vector<size_t> left(connections_.size(), requests - 1);
    for (Connection& connection : connections_) connection.Send(request_);
    while (times.size() < requests * connections_.size()) {
      epoll_event events[64];
      const int count = epoll_wait(epoll_, events, 64, -1);
      for (int i = 0; i < count; ++i) {
        const size_t which = events[i].data.u64;
        const std::optional<double> time = connections_[which].Read();
        if (!time) continue;
        times.push_back(*time);
        if (left[which] > 0) {
          --left[which];
          connections_[which].Send(request_);
        }
      }
    }
    return times;
  }

 private:
  const std::string request_;
  const int epoll_ = epoll_create1(0);
  std::vector<Connection> connections_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) Die("usage: lumadb_http_load PORT PATH CONNECTIONS REQUESTS < FORM");
  std::string form;
  std::getline(std::cin, form);
  const std::string request =
      std::string("POST ") + argv[2] +
      " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n" +
      "Content-Length: " + std::to_string(form.size()) + "\r\n\r\n" + form;
  Load load(static_cast<uint16_t>(std::atoi(argv[1])), std::strtoul(argv[3], nullptr, 10), request);
  load.Ask(1);
  std::puts("ready");
  std::fflush(stdout);
  while (std::cin.get() != EOF) {
  }
  for (const double milliseconds : load.Ask(std::strtoul(argv[4], nullptr, 10)))
    std::printf("%.4f\n", milliseconds);
}
