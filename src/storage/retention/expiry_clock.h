// The time by which data expires. See docs/adr/0007-retention-and-deletes.md.
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"
#include "base/mutex.h"

namespace luma::storage {

// A wall clock that jumps forward must not take data with it. So this clock follows the wall clock
// back at once, and forward only as fast as the monotonic clock runs. What the wall clock is ahead
// beyond that is a jump: it is followed once it has stood for a while, or when an operator says so.
//
//   following -- the wall clock is ahead by more than slack --> lagging, at its own speed
//   lagging   -- ahead no more; stood for settle_time; Confirm() --> following
//
// Threads: every method from any thread. Lifetime: `clock` outlives it.
class ExpiryClock {
 public:
  struct Options {
    // Differences up to this, at each look, are drift and leap seconds.
    std::chrono::milliseconds slack{60'000};
    // A start so soon after the last time that is known is a short stop; a later one is a jump.
    std::chrono::milliseconds start_gap_max = std::chrono::hours(24);
    // A jump of at most settle_jump_max is believed after the clock has run on for settle_time; a
    // larger one never, without Confirm().
    std::chrono::milliseconds settle_time = std::chrono::hours(24);
    std::chrono::milliseconds settle_jump_max = std::chrono::days(30);
  };

  // `known`: a time that had passed when the store was last in use; nullopt for a new one.
  ExpiryClock(const Clock& clock, std::optional<UnixMillis> known, Options options);
  ExpiryClock(const Clock& clock, std::optional<UnixMillis> known)
      : ExpiryClock(clock, known, Options()) {}

  // Never after the wall clock.
  UnixMillis Now() LUMA_EXCLUDES(mutex_);
  // How far a jump of the wall clock is ahead; zero while following.
  std::chrono::milliseconds Lag() LUMA_EXCLUDES(mutex_);
  // The wall clock is right: an operator has looked.
  void Confirm() LUMA_EXCLUDES(mutex_);

 private:
  struct Jump {
    std::chrono::milliseconds lead;
    std::chrono::nanoseconds since;  // monotonic
  };

  void Advance() LUMA_REQUIRES(mutex_);
  void FollowWall(UnixMillis wall, std::chrono::nanoseconds monotonic) LUMA_REQUIRES(mutex_);
  void NoteJump(std::chrono::milliseconds lead, std::chrono::nanoseconds monotonic)
      LUMA_REQUIRES(mutex_);
  bool HasSettled(std::chrono::nanoseconds monotonic) const LUMA_REQUIRES(mutex_);

  const Clock& clock_;
  const Options options_;
  Mutex mutex_;
  // The time was base_ when the monotonic clock was base_monotonic_.
  UnixMillis base_ LUMA_GUARDED_BY(mutex_) = 0;
  std::chrono::nanoseconds base_monotonic_ LUMA_GUARDED_BY(mutex_);
  UnixMillis now_ LUMA_GUARDED_BY(mutex_) = 0;
  std::optional<Jump> jump_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::storage
