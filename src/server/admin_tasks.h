// Long tasks that operators start over HTTP and then ask about.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/backup/progress.h"

namespace luma::server {

// One task at a time. Its lines (task_report.h) are numbered 1, 2, ...; the newest kLinesMax are
// kept until the next task begins.
// Threads: every method from any thread. Lifetime: what tasks use outlives Stop.
class AdminTasks {
 public:
  static constexpr size_t kLinesMax = 100;
  // Does the work and returns the task's last line.
  using Work = std::function<Result<std::string>(const storage::OnProgress& on_progress)>;

  ~AdminTasks() { Stop(); }

  // Runs `work` on a thread of its own, slowed down to `bytes_per_second` of Progress::bytes_moved
  // (0: not at all); returns the task's number. Errors: kUnavailable while another is at work.
  Result<uint64_t> Start(std::string name, uint64_t bytes_per_second, Work work)
      LUMA_EXCLUDES(mutex_);
  // The lines after `after`, each with a line feed; waits up to `patience` for the first. Errors:
  // kNotFound for another task than the newest.
  Result<std::string> Lines(uint64_t task, uint64_t after, std::chrono::milliseconds patience)
      LUMA_EXCLUDES(mutex_);
  // The running task ends with kCancelled at its next step; later ones are refused. Idempotent.
  void Stop() LUMA_EXCLUDES(mutex_);

 private:
  void Run(const std::string& name, uint64_t bytes_per_second, const Work& work)
      LUMA_EXCLUDES(mutex_);
  void AddLine(std::string line) LUMA_REQUIRES(mutex_);

  Mutex mutex_;
  CondVar has_line_;
  uint64_t task_ LUMA_GUARDED_BY(mutex_) = 0;
  bool is_running_ LUMA_GUARDED_BY(mutex_) = false;
  bool is_stopping_ LUMA_GUARDED_BY(mutex_) = false;
  uint64_t lines_seen_ LUMA_GUARDED_BY(mutex_) = 0;
  std::deque<std::string> lines_ LUMA_GUARDED_BY(mutex_);  // the last ones of lines_seen_
  std::thread thread_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::server
