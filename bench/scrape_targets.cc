// Targets for bench/scrape.py: one thread that answers pages of metrics on many ports of 127.0.0.1.
//
//     lumadb_scrape_targets TARGETS SERIES
//
// Prints its ports, one a line, then an empty line, and serves until it is killed. Every page has
// SERIES counters with three labels each, and new values every time.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

// What a target has served; the text of its series does not change.
struct Target {
  uint64_t scrapes = 0;
};
struct Connection {
  uint32_t target = 0;
  std::string request;
  std::string answer;  // what is left to send
};

int Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

std::vector<std::string> SeriesTexts(int count) {
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i) {
    texts.push_back("http_requests_total{handler=\"/api/v1/resource" + std::to_string(i / 5) +
                    "\",method=\"GET\",code=\"" + std::to_string(200 + i % 5) + "\"} ");
  }
  return texts;
}

// Counters that rise by another step each.
std::string Page(const std::vector<std::string>& series, uint64_t scrapes, uint32_t target) {
  std::string page = "# HELP http_requests_total Requests.\n# TYPE http_requests_total counter\n";
  page.reserve(series.size() * 96);
  char number[24];
  for (size_t i = 0; i < series.size(); ++i) {
    const uint64_t value = 1'000'000 + scrapes * (1 + (i * 7 + target) % 97);
    const auto end = std::to_chars(number, number + sizeof(number), value).ptr;
    page.append(series[i]).append(number, static_cast<size_t>(end - number)).append("\n");
  }
  return page;
}

std::string Answer(const std::string& page) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
         "Content-Length: " +
         std::to_string(page.size()) + "\r\n\r\n" + page;
}

class Server {
 public:
  Server(int targets, int series) : series_(SeriesTexts(series)), targets_(targets) {
    for (int i = 0; i < targets; ++i) Listen();
  }

  [[noreturn]] void Run() {
    epoll_event events[256];
    while (true) {
      const int count = epoll_wait(epoll_, events, 256, -1);
      for (int i = 0; i < count; ++i) {
        const int socket = events[i].data.fd;
        if (const auto listener = listeners_.find(socket); listener != listeners_.end()) {
          Accept(socket, listener->second);
        } else if (!Serve(socket, connections_[socket])) {
          connections_.erase(socket);
          close(socket);
        }
      }
    }
  }

 private:
  void Watch(int socket) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.fd = socket;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) != 0) Die("epoll_ctl");
  }

  void Listen() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (socket < 0 || bind(socket, generic, size) != 0 || listen(socket, 16) != 0) Die("listen");
    getsockname(socket, generic, &size);
    std::printf("%d\n", ntohs(address.sin_port));
    listeners_.emplace(socket, static_cast<uint32_t>(listeners_.size()));
    Watch(socket);
  }

  void Accept(int listener, uint32_t target) {
    int socket = 0;
    while ((socket = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0) {
      const int on = 1;
      setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      connections_[socket] = {.target = target, .request = {}, .answer = {}};
      Watch(socket);
    }
  }

  // False when the client is gone.
  bool Serve(int socket, Connection& connection) {
    char buffer[4096];
    ssize_t got = 0;
    while ((got = read(socket, buffer, sizeof(buffer))) > 0) {
      connection.request.append(buffer, static_cast<size_t>(got));
    }
    if (got == 0) return false;
    if (connection.request.ends_with("\r\n\r\n")) {
      connection.request.clear();
      Target& target = targets_[connection.target];
      connection.answer += Answer(Page(series_, ++target.scrapes, connection.target));
    }
    const ssize_t sent =
        send(socket, connection.answer.data(), connection.answer.size(), MSG_NOSIGNAL);
    if (sent > 0) connection.answer.erase(0, static_cast<size_t>(sent));
    return true;
  }

  const std::vector<std::string> series_;
  std::vector<Target> targets_;
  const int epoll_ = epoll_create1(0);
  std::unordered_map<int, uint32_t> listeners_;
  std::unordered_map<int, Connection> connections_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s TARGETS SERIES\n", argv[0]);
    return 2;
  }
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  Server server(std::atoi(argv[1]), std::atoi(argv[2]));
  std::printf("\n");
  std::fflush(stdout);
  server.Run();
}
