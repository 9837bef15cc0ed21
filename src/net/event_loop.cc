#include "net/event_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

namespace luma::net {

namespace asio = boost::asio;

namespace {

// Of the context that this thread runs.
thread_local std::atomic<int>* free_seats = nullptr;

}  // namespace

struct EventLoop::Context {
  // With 1 it spares its locks contention.
  explicit Context(int threads) : io(threads), free_seats(threads - 1) {}
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::atomic<int> free_seats;
};

EventLoop::EventLoop(int contexts, int threads_each) {
  for (int i = 0; i < contexts; ++i) contexts_.push_back(std::make_unique<Context>(threads_each));
  for (const auto& context : contexts_) {
    for (int i = 0; i < threads_each; ++i) {
      threads_.emplace_back([context = context.get()] {
        free_seats = &context->free_seats;
        context->io.run();
      });
    }
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

BlockingSeat::BlockingSeat() : free_(free_seats) {
  if (free_ == nullptr || free_->fetch_sub(1) > 0) return;
  free_->fetch_add(1);
  free_ = nullptr;
}

BlockingSeat::~BlockingSeat() {
  if (free_ != nullptr) free_->fetch_add(1);
}

}  // namespace luma::net
