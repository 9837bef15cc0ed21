#include "net/event_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

namespace luma::net {

namespace asio = boost::asio;

struct EventLoop::Context {
  asio::io_context io{1};  // 1: only one thread runs it, which spares its locks contention
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
};

EventLoop::EventLoop(int threads) {
  for (int i = 0; i < threads; ++i) contexts_.push_back(std::make_unique<Context>());
  for (const auto& context : contexts_) {
    threads_.emplace_back([io = &context->io] { io->run(); });
  }
}

EventLoop::~EventLoop() { Stop(); }

asio::io_context& EventLoop::Next() {
  return contexts_[next_.fetch_add(1, std::memory_order_relaxed) % contexts_.size()]->io;
}

void EventLoop::Stop() {
  for (const auto& context : contexts_) context->work.reset();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace luma::net
