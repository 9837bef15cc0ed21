// A time limit on what a socket is waiting for. Unlike beast::tcp_stream's, it cancels and does not
// close, so that a slow peer can still be told 408.
#pragma once

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

namespace luma::net {

// A connection sets several limits for each request and hardly ever passes one, so the timer is
// left to itself: it wakes now and then, and waits for what is left. Only for a limit before its
// next wake is it set anew, which costs system calls and a wake for what is cancelled. Threads: the
// socket's executor only. Lifetime: the socket outlives the deadline.
class SocketDeadline {
 public:
  static constexpr std::chrono::milliseconds kWaitMax{5'000};

  explicit SocketDeadline(boost::asio::ip::tcp::socket& socket,
                          std::chrono::milliseconds wait_max = kWaitMax)
      : state_(std::make_shared<State>(socket, wait_max)) {}

  // From now on; replaces an earlier limit.
  void ExpireAfter(std::chrono::milliseconds time) {
    state_->fired = false;
    state_->limit = Clock::now() + time;
    if (!state_->waiting || state_->timer.expiry() > state_->limit) Wait(state_);
  }
  void Disarm() { state_->limit = Clock::time_point::max(); }
  // True when the limit passed and reads and writes are being cancelled.
  bool fired() const { return state_->fired; }

 private:
  using Clock = std::chrono::steady_clock;

  // Again until disarmed: a read whose next piece was just arriving is not cancelled by once.
  static constexpr std::chrono::milliseconds kCancelAgain{100};

  struct State {
    State(boost::asio::ip::tcp::socket& the_socket, std::chrono::milliseconds the_wait_max)
        : socket(the_socket), wait_max(the_wait_max), timer(the_socket.get_executor()) {}
    boost::asio::ip::tcp::socket& socket;
    const std::chrono::milliseconds wait_max;
    boost::asio::steady_timer timer;
    Clock::time_point limit = Clock::time_point::max();
    bool waiting = false;
    bool fired = false;
  };

  static void Wait(const std::shared_ptr<State>& state) {
    const Clock::time_point now = Clock::now();
    WaitUntil(
        state->limit > now ? std::min(state->limit, now + state->wait_max) : now + kCancelAgain,
        state);
  }

  // An earlier wait, if there is one, ends with an error.
  static void WaitUntil(Clock::time_point time, const std::shared_ptr<State>& state) {
    state->waiting = true;
    state->timer.expires_at(time);
    state->timer.async_wait([weak = std::weak_ptr<State>(state)](boost::system::error_code error) {
      const std::shared_ptr<State> self = weak.lock();
      if (error || self == nullptr) return;
      self->waiting = self->limit != Clock::time_point::max();
      if (!self->waiting) return;
      if (self->limit <= Clock::now()) Fire(*self);
      Wait(self);
    });
  }

  static void Fire(State& state) {
    state.fired = true;
    boost::system::error_code ignored;
    state.socket.cancel(ignored);
  }

  std::shared_ptr<State> state_;
};

}  // namespace luma::net
