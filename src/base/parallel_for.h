// A loop whose rounds other threads may take over.
#pragma once

#include <cstddef>
#include <functional>

namespace luma {

// Offers a task to another thread; false when none will run it. An offered task may run late, when
// nobody waits for it any more, or never.
using TaskOffer = std::function<bool(std::function<void()>)>;

struct Helpers {
  TaskOffer offer;  // empty: nobody helps
  size_t count_max = 0;
};

// Calls body(i) once for each i below `count`, from this thread and from those that
// help, and returns when all calls have. This thread does what no other one begins, so
// the loop ends also when nobody helps, and never waits for a thread that has not begun: threads
// may run loops of their own. Without help everything is done here, in order.
void ParallelFor(const Helpers& helpers, size_t count, const std::function<void(size_t)>& body);

}  // namespace luma
