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

// io_contexts, each with threads of its own. What lives on a context with one thread needs no
// locks; what lives on one with several needs a strand, or it runs on two threads at once. Nothing
// here may block, but for who has a BlockingSeat.
// Threads: Next from any thread. Everything made on a context must be gone before Stop.
class EventLoop {
 public:
  explicit EventLoop(int contexts, int threads_each = 1);
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

// While it lives the calling thread may block, if there was a seat for it: a context has one seat
// less than threads, so that one of them always sees to its sockets. Threads that are not of an
// EventLoop have none.
class BlockingSeat {
 public:
  BlockingSeat();
  ~BlockingSeat();
  BlockingSeat(const BlockingSeat&) = delete;
  BlockingSeat& operator=(const BlockingSeat&) = delete;

  bool taken() const { return free_ != nullptr; }

 private:
  std::atomic<int>* free_;  // the context's count of free seats; null when there was none
};

}  // namespace luma::net
