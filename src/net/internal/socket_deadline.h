// A time limit on what a socket is waiting for. Unlike beast::tcp_stream's, it cancels and does not
// close, so that a slow peer can still be told 408.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

namespace luma::net {

// Threads: the socket's context only. Lifetime: the socket outlives the deadline.
class SocketDeadline {
 public:
  explicit SocketDeadline(boost::asio::ip::tcp::socket& socket)
      : state_(std::make_shared<State>(socket)) {}

  // From now until then; replaces an earlier limit.
  void ExpireAfter(std::chrono::milliseconds time) {
    state_->armed = true;
    state_->fired = false;
    Wait(state_, time);
  }
  void Disarm() { state_->armed = false; }
  // True when the limit passed and reads and writes are being cancelled.
  bool fired() const { return state_->fired; }

 private:
  struct State {
    explicit State(boost::asio::ip::tcp::socket& the_socket)
        : socket(the_socket), timer(the_socket.get_executor()) {}
    boost::asio::ip::tcp::socket& socket;
    boost::asio::steady_timer timer;
    bool armed = false;
    bool fired = false;
  };

  static void Wait(const std::shared_ptr<State>& state, std::chrono::milliseconds time) {
    state->timer.expires_after(time);
    state->timer.async_wait([weak = std::weak_ptr<State>(state)](boost::system::error_code error) {
      const std::shared_ptr<State> self = weak.lock();
      if (error || self == nullptr || !self->armed) return;
      if (self->timer.expiry() > std::chrono::steady_clock::now()) return;  // set again meanwhile
      self->fired = true;
      boost::system::error_code ignored;
      self->socket.cancel(ignored);
      // Again until disarmed: a read whose next piece was just arriving is not cancelled by once.
      Wait(self, std::chrono::milliseconds(100));
    });
  }

  std::shared_ptr<State> state_;
};

}  // namespace luma::net
