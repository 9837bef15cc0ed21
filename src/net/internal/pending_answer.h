// The answer to one request, between the handler that makes it and the coroutine that sends it.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "net/http.h"

namespace luma::net {

// Threads: any. Set is called once; either Take gives the answer or Await is called, once.
class PendingAnswer : public std::enable_shared_from_this<PendingAnswer> {
 public:
  using Handler = boost::asio::any_completion_handler<void(HttpResponse)>;

  explicit PendingAnswer(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  void Set(HttpResponse response) LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    response_ = std::move(response);
    if (handler_) Resume();
  }
  // None when it is not there yet.
  std::optional<HttpResponse> Take() LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return std::exchange(response_, std::nullopt);
  }
  // Calls `handler` on the executor when the answer is there.
  void Await(Handler handler) LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    handler_.swap(handler);  // its move assignment never ends in Boost 1.81
    if (response_) Resume();
  }

 private:
  void Resume() LUMA_REQUIRES(mutex_) {
    boost::asio::post(executor_, [self = shared_from_this()] { self->CallHandler(); });
  }
  void CallHandler() LUMA_EXCLUDES(mutex_) {
    Handler handler;
    HttpResponse response;
    {
      MutexLock lock(mutex_);
      handler.swap(handler_);
      response = *std::move(response_);
    }
    std::move(handler)(std::move(response));
  }

  const boost::asio::any_io_executor executor_;
  Mutex mutex_;
  std::optional<HttpResponse> response_ LUMA_GUARDED_BY(mutex_);
  Handler handler_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::net
