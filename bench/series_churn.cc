// Memory and times of a store whose series come and go: each day a set of pods with series of their
// own, beside a set that stays. bench/results/series_churn.md.
//
//   lumadb_series_churn_bench DIRECTORY DAYS SERIES_PER_DAY STEADY_SERIES RETIRE(0|1)
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "bench/pod_labels.h"
#include "storage/metrics/metrics_store.h"

namespace luma::storage {
namespace {

using std::chrono::hours;

constexpr UnixMillis kStart = 1'700'000'000'000;
constexpr int kMetricsPerPod = 100;
constexpr int kSeriesPerWrite = 2'000;
constexpr UnixMillis kHourMillis = 3'600'000;

double ResidentMegabytes() {
  malloc_trim(0);
  std::ifstream status("/proc/self/statm");
  uint64_t total = 0;
  uint64_t resident = 0;
  status >> total >> resident;
  return static_cast<double>(resident) * 4096 / 1e6;
}

template <typename Work>
double Milliseconds(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

Matchers Equal(std::string name, std::string value) {
  return {*Matcher::Create(std::move(name), MatchOp::kEqual, std::move(value))};
}

class Churn {
 public:
  Churn(std::string directory, bool retires) : directory_(std::move(directory)), retires_(retires) {
    Open();
  }

  double Open() {
    store_.reset();
    engine_.reset();
    return Milliseconds([this] {
      EngineOptions options{.data_dir = directory_};
      options.wal_sync = WalSync::kOff;
      options.memory_limit_bytes = 8ull << 30;
      engine_ = *MultiTierStorage::Open(options, io::FileSystem::Posix(), clock_);
      MetricsOptions metrics;
      metrics.limits.series = 0;
      metrics.retirement = {.fs = &io::FileSystem::Posix(),
                            .directory = directory_ + "/series",
                            .after = retires_ ? hours(6) : hours(0)};
      store_ = *MetricsStore::Open(*engine_, metrics);
    });
  }

  // One sample of each series; gives the milliseconds.
  double Write(const std::string& set, int series) {
    return Milliseconds([&] {
      for (int begin = 0; begin < series; begin += kSeriesPerWrite) {
        WriteSome(set, begin, std::min(begin + kSeriesPerWrite, series), now());
      }
    });
  }
  // A sample of one series of the set, which is known.
  double WriteKnown(const std::string& set, UnixMillis at) {
    return Milliseconds([&] { WriteSome(set, 0, 1, at); });
  }
  void Pass(std::chrono::milliseconds time) { clock_.Advance(time); }
  double Retire() {
    LUMA_CHECK(engine_->Flush().ok());
    return Milliseconds([this] { LUMA_CHECK(store_->RetireSeries().ok()); });
  }
  UnixMillis now() const { return clock_.NowMillis(); }
  MetricsStore& store() { return *store_; }

 private:
  void WriteSome(const std::string& set, int begin, int end, UnixMillis at) {
    SeriesBatch batch;
    for (int i = begin; i < end; ++i) {
      const std::string pod = "application-" + set + "-" + std::to_string(i / kMetricsPerPod);
      const std::string metric = "application_metric_" + std::to_string(i % kMetricsPerPod);
      const std::string node = "node-" + std::to_string(i / kMetricsPerPod / 30);
      std::vector<LabelRef> labels = bench::PodLabels(metric, pod, node);
      LUMA_CHECK(batch.StartSeries(labels) == LabelsOutcome::kOk);
      batch.AddSample({at, static_cast<double>(i)});
    }
    std::atomic<bool> done = false;
    store_->Write(batch, [&](const Result<WriteSummary>& result) {
      LUMA_CHECK(result.ok());
      done = true;
      done.notify_one();
    });
    done.wait(false);
  }

  const std::string directory_;
  const bool retires_;
  ManualClock clock_{kStart};
  std::unique_ptr<MultiTierStorage> engine_;
  std::unique_ptr<MetricsStore> store_;
};

void ReportMemory(Churn& churn) {
  const MetricsStats stats = churn.store().Stats();
  const RetiredStats retired = churn.store().retired_stats();
  const auto per = [](uint64_t bytes, uint64_t count) {
    return count == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(count);
  };
  std::printf("active series: %lu, %.1f bytes each\n", stats.series,
              per(stats.series_bytes, stats.series));
  std::printf("retired series: %lu in %lu partitions; %.2f bytes each in memory, %.1f on disk\n",
              retired.series, retired.partitions, per(retired.memory_bytes, retired.series),
              per(retired.file_bytes, retired.series));
}

template <typename Ask>
void ReportQuery(const char* what, const Ask& ask) {
  size_t answers = 0;
  const double first = Milliseconds([&] { answers = ask(); });
  const double again = Milliseconds([&] { answers = ask(); });
  std::printf("%s: %.1f ms, again %.1f ms, %zu answers\n", what, first, again, answers);
}

void ReportQueries(Churn& churn, int days) {
  const MetricsStore& store = churn.store();
  const UnixMillis day = kStart + days / 2 * 24 * kHourMillis;
  const TimeRange hour{.min = day, .max = day + kHourMillis};
  const std::string pod = "application-day" + std::to_string(days / 2) + "-7";
  ReportQuery("values of pod, one hour of a day long ago",
              [&] { return store.LabelValues("pod", {}, hour, {})->size(); });
  ReportQuery("values of job, all times",
              [&] { return store.LabelValues("job", {}, {}, {})->size(); });
  ReportQuery("values of pod, all times",
              [&] { return store.LabelValues("pod", {}, {}, {})->size(); });
  ReportQuery("series of a pod, all times",
              [&] { return store.Series(Equal("pod", pod), {}, {})->size(); });
  ReportQuery("samples of a pod, that hour",
              [&] { return store.Select(Equal("pod", pod), hour, {})->size(); });
  ReportQuery("samples of all pods, that hour", [&] { return store.Select({}, hour, {})->size(); });
}

// How long a sender of a known series waits while another brings new ones.
void ReportBesideNew(Churn& churn, int series) {
  std::atomic<bool> done = false;
  std::vector<double> waits;
  std::thread known([&] {
    for (int i = 1; !done; ++i) waits.push_back(churn.WriteKnown("steady", churn.now() + i));
  });
  const double took = churn.Write("beside", series);
  done = true;
  known.join();
  std::ranges::sort(waits);
  const auto at = [&](double part) {
    return waits[static_cast<size_t>(part * static_cast<double>(waits.size() - 1))];
  };
  std::printf("%d new series: %.0f ms; meanwhile a known one waits %.2f ms, 99 %%: %.2f ms (%zu)\n",
              series, took, at(0.5), at(0.99), waits.size());
}

void RunDays(const std::string& directory, int days, int per_day, int steady, bool retires) {
  Churn churn(directory, retires);
  double first_write = 0;
  double last_write = 0;
  double slowest_pass = 0;
  for (int day = 0; day < days; ++day) {
    last_write = churn.Write("day" + std::to_string(day), per_day);
    if (day == 0) first_write = last_write;
    churn.Write("steady", steady);
    churn.Pass(hours(24));
    churn.Write("steady", steady);
    slowest_pass = std::max(slowest_pass, churn.Retire());
  }
  std::printf("writes of a day of new series: %.0f ms at first, %.0f ms at last\n", first_write,
              last_write);
  std::printf("slowest pass: %.0f ms\n", slowest_pass);
  ReportBesideNew(churn, 20'000);
  ReportMemory(churn);
  std::printf("resident: %.0f MB\n", ResidentMegabytes());
  std::printf("open again: %.0f ms\n", churn.Open());
  ReportMemory(churn);
  std::printf("resident after that: %.0f MB\n", ResidentMegabytes());
  ReportQueries(churn, days);
  std::printf("resident after queries: %.0f MB\n", ResidentMegabytes());
  const double back = churn.Write("day0", std::min(per_day, 10'000));
  std::printf("10,000 series come back: %.0f ms\n", back);
}

}  // namespace
}  // namespace luma::storage

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: %s DIRECTORY DAYS SERIES_PER_DAY STEADY_SERIES RETIRE(0|1)\n",
                 argv[0]);
    return 2;
  }
  luma::SetLogLevel(luma::LogLevel::kWarn);
  luma::storage::RunDays(argv[1], std::atoi(argv[2]), std::atoi(argv[3]), std::atoi(argv[4]),
                         std::atoi(argv[5]) == 1);
}
