#include "server/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>

#include "server/version.h"

namespace luma::server {
namespace {

// The first number after `name` in /proc/self/status, e.g. kilobytes of "VmRSS:"; 0 when absent.
double StatusNumber(std::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return std::strtod(line.c_str() + name.size(), nullptr);
  }
  return 0;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double OpenFiles() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  int entries = -3;                              // ".", ".." and the folder itself
  while (readdir(folder) != nullptr) ++entries;  // NOLINT(concurrency-mt-unsafe): own stream
  closedir(folder);
  return entries;
}

double MaxFiles() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

double UnixSeconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

double ResidentBytes() { return StatusNumber("VmRSS:") * 1024; }

std::vector<MetricsRegistry::Callback> RegisterProcessMetrics(MetricsRegistry& registry) {
  using Kind = MetricsRegistry::Kind;
  std::vector<MetricsRegistry::Callback> callbacks;
  const auto add = [&](Kind kind, std::string_view name, std::string_view help,
                       std::function<double()> read, MetricLabels labels = {}) {
    callbacks.push_back(registry.AddCallback(kind, name, help, std::move(read), std::move(labels)));
  };
  add(Kind::kGauge, "process_resident_memory_bytes", "Resident memory size in bytes.",
      ResidentBytes);
  add(Kind::kGauge, "process_threads", "Number of threads.",
      [] { return StatusNumber("Threads:"); });
  add(Kind::kCounter, "process_cpu_seconds_total", "User and system CPU time in seconds.",
      CpuSeconds);
  add(Kind::kGauge, "process_open_fds", "Number of open file descriptors.", OpenFiles);
  add(Kind::kGauge, "process_max_fds", "Maximum number of open file descriptors.", MaxFiles);
  add(Kind::kGauge, "process_start_time_seconds", "Start time since the Unix epoch in seconds.",
      [start = UnixSeconds()] { return start; });
  add(Kind::kGauge, "luma_build_info", "Always 1; the version is a label.", [] { return 1; },
      {{"version", std::string(kVersion)}});
  return callbacks;
}

}  // namespace luma::server
