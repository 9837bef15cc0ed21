// The threads that sockets live on.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace luma::net {

// One io_context per thread, so what lives on one context needs no locks. Nothing here may block.
// Threads: Next from any thread. Everything made on a context must be gone before Stop.
class EventLoop {
 public:
  explicit EventLoop(int threads);
  ~EventLoop();  // Stop()
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  boost::asio::io_context& Next();  // in turn
  void Stop();                      // joins the threads; not from one of them

 private:
  struct Context;
  std::vector<std::unique_ptr<Context>> contexts_;
  std::vector<std::thread> threads_;
  std::atomic<uint32_t> next_{0};
};

}  // namespace luma::net
