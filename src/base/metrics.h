// Metrics of the server about itself: counters, gauges and histograms, written as Prometheus text.
//
//   static Counter& requests = MetricsRegistry::Default().AddCounter(
//       "luma_http_requests_total", "HTTP requests answered.", {{"path", "/api/v1/write"}});
//   requests.Add();
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace luma {

// Only grows. Threads: any; Add touches one cache line that other threads seldom share.
class Counter {
 public:
  void Add(uint64_t count = 1) {
    shards_[ShardOfThisThread()].value.fetch_add(count, std::memory_order_relaxed);
  }
  // Every Add that happened before the call is in the sum; concurrent ones may be.
  uint64_t Value() const;

 private:
  static constexpr size_t kShards = 8;
  struct alignas(64) Shard {
    std::atomic<uint64_t> value{0};
  };
  static size_t ShardOfThisThread();

  std::array<Shard, kShards> shards_;
};

// Goes up and down. Threads: any.
class Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  void Add(double by) { value_.fetch_add(by, std::memory_order_relaxed); }
  double Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Counts observations by upper bound. Threads: any. A reader may see an observation in its bucket
// before it is in the sum.
class Histogram {
 public:
  // `upper_bounds` ascend; the bucket of +Inf is added.
  explicit Histogram(std::span<const double> upper_bounds);

  void Observe(double value);

  std::span<const double> upper_bounds() const { return upper_bounds_; }
  // Observations in bucket `index` alone (not cumulative), 0..upper_bounds().size().
  uint64_t BucketCount(size_t index) const { return buckets_[index].Value(); }
  double Sum() const { return sum_.Value(); }

 private:
  const std::vector<double> upper_bounds_;
  std::vector<Counter> buckets_;  // one more than upper_bounds_
  Gauge sum_;
};

// 10 us .. 10 s, three to a decade: latencies from a memory hit to a stalled disk.
extern const std::span<const double> kLatencySecondsBounds;

// Label names and values; the values may be any text.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// Owns metrics by name and labels and writes them out. Threads: any.
class MetricsRegistry {
 public:
  // Keeps a value that is computed when the metrics are read; drops it when destroyed.
  class Callback {
   public:
    Callback() = default;
    Callback(MetricsRegistry& registry, uint64_t id) : registry_(&registry), id_(id) {}
    Callback(Callback&& other) noexcept
        : registry_(std::exchange(other.registry_, nullptr)), id_(other.id_) {}
    Callback& operator=(Callback&& other) noexcept {
      std::swap(registry_, other.registry_);
      std::swap(id_, other.id_);
      return *this;
    }
    ~Callback();

   private:
    MetricsRegistry* registry_ = nullptr;
    uint64_t id_ = 0;
  };
  enum class Kind : uint8_t { kCounter, kGauge, kHistogram };

  // The registry that /metrics shows. Lives as long as the process.
  static MetricsRegistry& Default();

  // Each returns the one metric of this name and labels, which lives as long as the registry; a
  // second call returns the first one's. Aborts on an invalid name or on a name used for two kinds.
  Counter& AddCounter(std::string_view name, std::string_view help, MetricLabels labels = {});
  Gauge& AddGauge(std::string_view name, std::string_view help, MetricLabels labels = {});
  Histogram& AddHistogram(std::string_view name, std::string_view help,
                          std::span<const double> upper_bounds, MetricLabels labels = {});
  // `read` runs on the reader's thread while the registry is locked: it must not use the registry.
  [[nodiscard]] Callback AddCallback(Kind kind, std::string_view name, std::string_view help,
                                     std::function<double()> read, MetricLabels labels = {});

  // Everything in the Prometheus text format 0.0.4, families and series in the order of their
  // names.
  std::string Text() const LUMA_EXCLUDES(mutex_);

 private:
  struct Series {
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Gauge> gauge;
    std::unique_ptr<Histogram> histogram;
    std::function<double()> read;
    uint64_t callback_id = 0;
  };
  struct Family {
    Kind kind;
    std::string help;
    std::map<std::string, Series> series;  // by the text between the braces
  };

  Series& FindOrAdd(Kind kind, std::string_view name, std::string_view help,
                    const MetricLabels& labels) LUMA_REQUIRES(mutex_);
  void RemoveCallback(uint64_t id) LUMA_EXCLUDES(mutex_);
  static void WriteSeries(std::string& out, std::string_view name, std::string_view labels,
                          const Series& series);

  mutable Mutex mutex_;
  std::map<std::string, Family, std::less<>> families_ LUMA_GUARDED_BY(mutex_);
  uint64_t next_callback_id_ LUMA_GUARDED_BY(mutex_) = 1;
};

}  // namespace luma
