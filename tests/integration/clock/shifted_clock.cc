// The wall clock of one process, moved by a test: preloaded into the real server by test_clock.py.
// LUMA_SHIFTED_CLOCK names a file of 8 bytes, the seconds to add, which may change at any time.
// Monotonic clocks stay as they are, as they do when an operator or NTP sets a clock.
//
// The kernel is asked directly. libfaketime looks the real functions up first, for which the
// dynamic linker allocates, and the allocator of the server asks for the time while it starts.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace {

const volatile int64_t* seconds_to_add = nullptr;

__attribute__((constructor)) void MapFile() {
  const char* const path = std::getenv("LUMA_SHIFTED_CLOCK");
  const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void* const mapped = mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  if (mapped != MAP_FAILED) seconds_to_add = static_cast<const volatile int64_t*>(mapped);
  close(file);
}

bool IsWallClock(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const long result = syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && seconds_to_add != nullptr && IsWallClock(clock)) {
    now->tv_sec += *seconds_to_add;
  }
  return static_cast<int>(result);
}

int gettimeofday(timeval* now, void*) noexcept {
  timespec wall{};
  const int result = clock_gettime(CLOCK_REALTIME, &wall);
  now->tv_sec = wall.tv_sec;
  now->tv_usec = wall.tv_nsec / 1000;
  return result;
}

time_t time(time_t* out) noexcept {
  timespec wall{};
  clock_gettime(CLOCK_REALTIME, &wall);
  if (out != nullptr) *out = wall.tv_sec;
  return wall.tv_sec;
}

}  // extern "C"
