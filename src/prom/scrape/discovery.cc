#include "prom/scrape/discovery.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/mutex.h"
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

// An entry of a job, and how it goes.
struct Discovery::Task {
  bool Is(const std::string& other_job, const DiscoveryConfig& other_config) const {
    return job == other_job && config == other_config;
  }

  std::string job;
  DiscoveryConfig config;
  std::unique_ptr<Discoverer> discoverer;
  Nanos due{0};
  bool failing = false;  // so that a change is logged, not every failure
  std::optional<std::vector<TargetGroup>> groups = {};  // as they were told last
};

// A thread that calls its discoverers when they are due.
class Discovery::Worker {
 public:
  Worker(const Clock& clock, const OnGroups& on_groups)
      : clock_(clock), on_groups_(on_groups), thread_([this] { Run(); }) {}
  ~Worker() {
    stop_.request_stop();
    {
      MutexLock lock(mutex_);
      wake_.NotifyAll();
    }
    thread_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Tasks that it has already go on.
  void Configure(std::vector<Task> tasks) LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    new_tasks_ = std::move(tasks);
    wake_.NotifyAll();
  }

 private:
  void Run() LUMA_EXCLUDES(mutex_) {
    while (!stop_.stop_requested()) {
      TakeTasks();
      for (Task& task : tasks_) {
        if (IsInterrupted()) break;
        if (task.due <= clock_.Monotonic()) RunTask(task);
      }
      Sleep();
    }
  }

  void TakeTasks() LUMA_EXCLUDES(mutex_) {
    std::optional<std::vector<Task>> taken;
    {
      MutexLock lock(mutex_);
      taken = std::exchange(new_tasks_, std::nullopt);
    }
    if (!taken) return;
    for (Task& task : *taken) {
      const auto before = std::ranges::find_if(
          tasks_, [&task](const Task& one) { return one.Is(task.job, task.config); });
      if (before == tasks_.end()) continue;
      std::swap(task, *before);
      // Told again: the job may have been gone meanwhile, with what was told.
      task.groups.reset();
    }
    tasks_ = *std::move(taken);
  }

  bool IsInterrupted() LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return stop_.stop_requested() || new_tasks_.has_value();
  }

  void Sleep() LUMA_EXCLUDES(mutex_) {
    Nanos next = kIdle;
    for (const Task& task : tasks_) next = std::min(next, task.due - clock_.Monotonic());
    MutexLock lock(mutex_);
    if (!stop_.stop_requested() && !new_tasks_ && next.count() > 0) wake_.WaitFor(mutex_, next);
  }

  void RunTask(Task& task) {
    Result<std::vector<TargetGroup>> groups = task.discoverer->Discover(stop_.get_token());
    task.due = clock_.Monotonic() + task.discoverer->interval();
    LogChange(task, groups.status());
    if (!groups.ok() || task.groups == *groups) return;
    task.groups = *groups;
    on_groups_(task.job, task.config, *std::move(groups));
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
  const OnGroups& on_groups_;
  std::vector<Task> tasks_;  // of the thread
  std::stop_source stop_;
  Mutex mutex_;
  CondVar wake_;
  std::optional<std::vector<Task>> new_tasks_ LUMA_GUARDED_BY(mutex_);
  std::thread thread_;  // last: it uses the rest
};

// A worker for one entry that asks a server.
struct Discovery::NetworkTask {
  std::string job;
  DiscoveryConfig config;
  std::unique_ptr<Worker> worker;
};

Discovery::Discovery(net::Fetcher& fetcher, const Clock& clock, OnGroups on_groups)
    : fetcher_(fetcher),
      clock_(clock),
      on_groups_(std::move(on_groups)),
      files_(std::make_unique<Worker>(clock_, on_groups_)) {}

Discovery::~Discovery() { Stop(); }

void Discovery::Configure(const std::vector<ScrapeConfigPtr>& jobs) {
  std::vector<Task> files;
  std::vector<NetworkTask> network;
  for (const ScrapeConfigPtr& job : jobs) {
    for (const DiscoveryConfig& config : job->discoveries) {
      if (std::holds_alternative<FileDiscoveryConfig>(config)) {
        files.push_back(MakeTask(job->job_name, config));
      } else {
        network.push_back(TakeNetworkTask(job->job_name, config));
      }
    }
  }
  files_->Configure(std::move(files));
  network_ = std::move(network);  // the workers that are left end here
}

Discovery::Task Discovery::MakeTask(const std::string& job, const DiscoveryConfig& config) const {
  return {.job = job, .config = config, .discoverer = MakeDiscoverer(config, fetcher_)};
}

Discovery::NetworkTask Discovery::TakeNetworkTask(const std::string& job,
                                                  const DiscoveryConfig& config) {
  const auto before = std::ranges::find_if(network_, [&](const NetworkTask& task) {
    return task.worker != nullptr && task.job == job && task.config == config;
  });
  if (before != network_.end()) return std::exchange(*before, {});
  auto worker = std::make_unique<Worker>(clock_, on_groups_);
  std::vector<Task> tasks;
  tasks.push_back(MakeTask(job, config));
  worker->Configure(std::move(tasks));
  return {.job = job, .config = config, .worker = std::move(worker)};
}

void Discovery::Stop() {
  files_.reset();
  network_.clear();
}

}  // namespace luma::prom
