// Threads that take over parts of large queries, so that one query can use the whole machine.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

#include "base/parallel_for.h"
#include "net/worker_pool.h"

namespace luma::server {

// One thread less than there are processors, since the thread of the query works, too; none on a
// machine with one. Threads: helpers() from any thread; what it gives must not be used after Stop.
class QueryHelpers {
 public:
  explicit QueryHelpers(size_t processors) : count_(processors > 1 ? processors - 1 : 0) {
    // Who would have to wait for long does better alone.
    if (count_ > 0) pool_.emplace(static_cast<int>(count_), 2 * count_);
  }

  Helpers helpers() {
    if (!pool_) return {};
    return {
        .offer = [this](std::function<void()> task) { return pool_->TrySubmit(std::move(task)); },
        .count_max = count_};
  }
  void Stop() {
    if (pool_) pool_->Stop();
  }

 private:
  const size_t count_;
  std::optional<net::WorkerPool> pool_;
};

}  // namespace luma::server
