#include "server/admin_tasks.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "server/pace.h"
#include "server/task_report.h"

namespace luma::server {
namespace {

constexpr std::chrono::seconds kLineInterval{1};

}  // namespace

Result<uint64_t> AdminTasks::Start(std::string name, uint64_t bytes_per_second, Work work) {
  MutexLock lock(mutex_);
  if (is_stopping_) return Status::Unavailable("server is stopping");
  if (is_running_) return Status::Unavailable("another task is at work: task=", task_);
  if (thread_.joinable()) thread_.join();  // has nothing left to do
  is_running_ = true;
  lines_seen_ = 0;
  lines_.clear();
  thread_ = std::thread([this, name = std::move(name), bytes_per_second, work = std::move(work)] {
    Run(name, bytes_per_second, work);
  });
  return ++task_;
}

void AdminTasks::Run(const std::string& name, uint64_t bytes_per_second, const Work& work) {
  LUMA_LOG(kInfo, "server", "task begins: name={}", name);
  const Pace pace(bytes_per_second);
  auto next_line = std::chrono::steady_clock::now();
  const Result<std::string> last = work([&](const storage::Progress& progress) {
    pace.Hold(progress.bytes_moved);
    const auto now = std::chrono::steady_clock::now();
    MutexLock lock(mutex_);
    if (is_stopping_) return Status::Cancelled("server is stopping");
    if (now < next_line) return Status::Ok();
    next_line = now + kLineInterval;
    AddLine(ProgressLine(progress));
    return Status::Ok();
  });
  const std::string line = last.ok() ? *last : FailedLine(last.status());
  LUMA_LOG(kInfo, "server", "task ended: name={} {}", name, line);
  MutexLock lock(mutex_);
  AddLine(line);
  is_running_ = false;
}

void AdminTasks::AddLine(std::string line) {
  lines_.push_back(std::move(line));
  if (lines_.size() > kLinesMax) lines_.pop_front();
  ++lines_seen_;
  has_line_.NotifyAll();
}

Result<std::string> AdminTasks::Lines(uint64_t task, uint64_t after,
                                      std::chrono::milliseconds patience) {
  MutexLock lock(mutex_);
  if (task == 0 || task != task_) return Status::NotFound("no such task: task=", task);
  if (lines_seen_ <= after && is_running_ && !is_stopping_) has_line_.WaitFor(mutex_, patience);
  const uint64_t first_kept = lines_seen_ - lines_.size();
  std::string text;
  for (uint64_t i = std::max(after, first_kept); i < lines_seen_; ++i) {
    text.append(lines_[i - first_kept]).push_back('\n');
  }
  return text;
}

void AdminTasks::Stop() {
  std::thread running;
  {
    MutexLock lock(mutex_);
    is_stopping_ = true;
    has_line_.NotifyAll();
    running.swap(thread_);
  }
  if (running.joinable()) running.join();
}

}  // namespace luma::server
