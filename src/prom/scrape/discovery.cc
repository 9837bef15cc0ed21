#include "prom/scrape/discovery.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "prom/scrape/dns_discovery.h"
#include "prom/scrape/file_discovery.h"
#include "prom/scrape/http_discovery.h"

namespace luma::prom {
namespace {

using Nanos = std::chrono::nanoseconds;

constexpr Nanos kIdle = std::chrono::hours(1);

struct MakeOne {
  net::Fetcher& fetcher;
  std::unique_ptr<Discoverer> operator()(const FileDiscoveryConfig& config) const {
    return std::make_unique<FileDiscoverer>(config);
  }
  std::unique_ptr<Discoverer> operator()(const HttpDiscoveryConfig& config) const {
    return std::make_unique<HttpDiscoverer>(config, fetcher);
  }
  std::unique_ptr<Discoverer> operator()(const DnsDiscoveryConfig& config) const {
    return std::make_unique<DnsDiscoverer>(config);
  }
};

}  // namespace

std::unique_ptr<Discoverer> MakeDiscoverer(const DiscoveryConfig& config, net::Fetcher& fetcher) {
  return std::visit(MakeOne{fetcher}, config);
}

// A thread that calls its discoverers when they are due.
class Discovery::Worker {
 public:
  struct Task {
    std::string job;
    size_t index = 0;
    std::unique_ptr<Discoverer> discoverer;
    Nanos due{0};
    bool has_groups = false;
    bool failing = false;  // so that a change is logged, not every failure
    std::vector<TargetGroup> groups = {};
  };

  Worker(const Clock& clock, OnGroups on_groups)
      : clock_(clock), on_groups_(std::move(on_groups)), thread_([this] { Run(); }) {}
  ~Worker() {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      wake_.NotifyAll();
    }
    thread_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Configure(std::vector<Task> tasks) LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    new_tasks_ = std::move(tasks);
    has_new_tasks_ = true;
    wake_.NotifyAll();
  }

 private:
  void Run() LUMA_EXCLUDES(mutex_) {
    while (TakeTasks()) {
      for (Task& task : tasks_) {
        if (IsInterrupted()) break;
        if (task.due <= clock_.Monotonic()) RunTask(task);
      }
      Sleep();
    }
  }

  // False when it is time to stop.
  bool TakeTasks() LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (has_new_tasks_) tasks_ = std::exchange(new_tasks_, {});
    has_new_tasks_ = false;
    return !stopping_;
  }

  bool IsInterrupted() LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return stopping_ || has_new_tasks_;
  }

  void Sleep() LUMA_EXCLUDES(mutex_) {
    Nanos next = kIdle;
    for (const Task& task : tasks_) next = std::min(next, task.due - clock_.Monotonic());
    MutexLock lock(mutex_);
    if (!stopping_ && !has_new_tasks_ && next.count() > 0) wake_.WaitFor(mutex_, next);
  }

  void RunTask(Task& task) LUMA_EXCLUDES(mutex_) {
    Result<std::vector<TargetGroup>> groups = task.discoverer->Discover();
    task.due = clock_.Monotonic() + task.discoverer->interval();
    LogChange(task, groups.status());
    if (!groups.ok() || IsInterrupted()) return;
    if (task.has_groups && *groups == task.groups) return;
    task.has_groups = true;
    task.groups = *groups;
    on_groups_(task.job, task.index, *std::move(groups));
  }

  static void LogChange(Task& task, const Status& status) {
    const bool is_stopping = status.code() == StatusCode::kCancelled;
    if (is_stopping || task.failing == !status.ok()) return;
    task.failing = !status.ok();
    if (task.failing) {
      LUMA_LOG(kWarn, "scrape", "discovery fails: job={} reason={}", task.job, status.message());
    } else {
      LUMA_LOG(kInfo, "scrape", "discovery works again: job={}", task.job);
    }
  }

  const Clock& clock_;
  const OnGroups on_groups_;
  std::vector<Task> tasks_;  // of the thread
  Mutex mutex_;
  CondVar wake_;
  std::vector<Task> new_tasks_ LUMA_GUARDED_BY(mutex_);
  bool has_new_tasks_ LUMA_GUARDED_BY(mutex_) = false;
  bool stopping_ LUMA_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the rest
};

Discovery::Discovery(net::Fetcher& fetcher, const Clock& clock, OnGroups on_groups)
    : fetcher_(fetcher),
      files_(std::make_unique<Worker>(clock, on_groups)),
      network_(std::make_unique<Worker>(clock, on_groups)) {}

Discovery::~Discovery() { Stop(); }

void Discovery::Configure(const std::vector<ScrapeConfigPtr>& jobs) {
  std::vector<Worker::Task> files;
  std::vector<Worker::Task> network;
  for (const ScrapeConfigPtr& job : jobs) {
    for (size_t i = 0; i < job->discoveries.size(); ++i) {
      const DiscoveryConfig& config = job->discoveries[i];
      auto& tasks = std::holds_alternative<FileDiscoveryConfig>(config) ? files : network;
      tasks.push_back(
          {.job = job->job_name, .index = i, .discoverer = MakeDiscoverer(config, fetcher_)});
    }
  }
  files_->Configure(std::move(files));
  network_->Configure(std::move(network));
}

void Discovery::Stop() {
  files_.reset();
  network_.reset();
}

}  // namespace luma::prom
