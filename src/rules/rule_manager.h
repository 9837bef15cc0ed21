// Evaluates groups of rules when they are due.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "rules/rule_group.h"

namespace luma::rules {

struct RuleManagerOptions {
  RuleGroupOptions groups = {};  // interval and query_offset of groups that name none
  int threads = 2;               // groups that are evaluated at once
};

// Reads the files that the patterns ("/etc/luma/rules/*.yml") match, in order of their names, each
// once.
// Errors: kNotFound for a file that cannot be read and a pattern without wildcards that matches
// nothing; those of ParseRuleFile.
Result<std::vector<RuleGroupSpec>> LoadRuleFiles(const std::vector<std::string>& patterns);

// Each group has its own phase in its interval, fixed by its name and file, so that a restart does
// not shift its timestamps. A group still at work when its turn comes misses that turn.
// Threads: Update and Stop from one thread at a time, Groups from any. It has threads of its own.
// Lifetime: what is in `parts` and the clock outlive it.
class RuleManager {
 public:
  RuleManager(RuleGroupParts parts, const Clock& clock) : parts_(std::move(parts)), clock_(clock) {}
  ~RuleManager();  // Stop()

  // From now on evaluates these groups. Groups that are as they were go on as if nothing had
  // happened. Others with the file and name of one that was there go on with its state; the series
  // of those that are gone end. With the first update, groups restore the state of their alerts.
  // Blocks until groups that change, or are gone, have ended the rule that they are at.
  void Update(const std::vector<RuleGroupSpec>& specs, const RuleManagerOptions& options)
      LUMA_EXCLUDES(mutex_);
  // Returns when no evaluation is under way. Writes no staleness markers: a restart would tear a
  // gap into every series.
  void Stop() LUMA_EXCLUDES(mutex_);

  // In the order of the files.
  std::vector<RuleGroupState> Groups() const LUMA_EXCLUDES(mutex_);
  uint64_t evaluations() const { return evaluations_; }
  uint64_t evaluations_missed() const { return missed_; }

 private:
  struct Slot {
    std::shared_ptr<RuleGroup> group;
    UnixMillis due = 0;
    bool busy = false;
    bool leaving = false;  // an update replaces or ends it: it has no more turns

    // Goes on as the slot of the same group before an update, also with a turn that has come
    // meanwhile.
    void TakeTurn(Slot& from);
  };

  void Run() LUMA_EXCLUDES(mutex_);
  // The slot whose turn has come; otherwise null, and `wait` is the time to the next.
  Slot* TakeDue(std::chrono::milliseconds& wait) LUMA_REQUIRES(mutex_);
  UnixMillis FirstTurn(const RuleGroup& group) const;
  void StartThreads(int count) LUMA_REQUIRES(mutex_);
  // Gives the groups that are gone.
  std::vector<std::shared_ptr<RuleGroup>> Replace(const std::vector<RuleGroupSpec>& specs,
                                                  const RuleManagerOptions& options)
      LUMA_EXCLUDES(mutex_);
  void Interrupt(Slot& slot);
  // Returns when none of the leaving slots is busy.
  void AwaitLeaving() LUMA_REQUIRES(mutex_);
  std::unique_ptr<Slot> MakeSlot(const RuleGroupSpec& spec, const RuleManagerOptions& options) const
      LUMA_REQUIRES(mutex_);

  const RuleGroupParts parts_;
  const Clock& clock_;
  std::atomic<uint64_t> evaluations_{0};
  std::atomic<uint64_t> missed_{0};
  mutable Mutex mutex_;
  CondVar wake_;
  std::vector<std::unique_ptr<Slot>> slots_ LUMA_GUARDED_BY(mutex_);
  bool updated_ LUMA_GUARDED_BY(mutex_) = false;
  bool stopping_ LUMA_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::rules
