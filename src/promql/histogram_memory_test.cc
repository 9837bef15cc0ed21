// Goal: a query over native histograms never takes more memory than it has booked, but for what it
// works with in one step, and ends as out of memory where no more may be booked.
// Method: every allocation of this thread is counted, its bytes as the allocator rounds them.
#include <malloc.h>

#include <cstdlib>
#include <new>

#include "promql/testing/query_fixture.h"

namespace luma::promql {
namespace {

struct AllocatedBytes {
  int64_t now = 0;
  int64_t peak = 0;
};
thread_local AllocatedBytes allocated;

void* Allocate(size_t bytes) {
  void* const memory = std::malloc(bytes);
  if (memory == nullptr) std::abort();
  allocated.now += static_cast<int64_t>(malloc_usable_size(memory));
  allocated.peak = std::max(allocated.peak, allocated.now);
  return memory;
}

void Free(void* memory) {
  if (memory != nullptr) allocated.now -= static_cast<int64_t>(malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace
}  // namespace luma::promql

void* operator new(size_t bytes) { return luma::promql::Allocate(bytes); }
void* operator new[](size_t bytes) { return luma::promql::Allocate(bytes); }
void operator delete(void* memory) noexcept { luma::promql::Free(memory); }
void operator delete[](void* memory) noexcept { luma::promql::Free(memory); }
void operator delete(void* memory, size_t) noexcept { luma::promql::Free(memory); }
void operator delete[](void* memory, size_t) noexcept { luma::promql::Free(memory); }

namespace luma::promql {
namespace {

constexpr int kSeries = 20;
constexpr int kMinutes = 120;
constexpr int kBuckets = 160;
// A few histograms that one step works with (4 KiB each), labels, and what a row is booked short.
constexpr int64_t kSlackBytes = 256 << 10;

class LimitedMemory final : public ResultMemory {
 public:
  explicit LimitedMemory(uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}
  Status Book(uint64_t bytes) override {
    if (bytes > limit_bytes_ - booked_) return Status::OutOfMemory("no memory");
    booked_ += bytes;
    return Status::Ok();
  }
  uint64_t booked() const { return booked_; }

 private:
  const uint64_t limit_bytes_;
  uint64_t booked_ = 0;
};

class HistogramMemoryTest : public QueryFixture, public testing::WithParamInterface<const char*> {
 protected:
  struct Outcome {
    Result<QueryValue> value;
    uint64_t booked = 0;
    int64_t peak = 0;  // over what was allocated before
  };

  HistogramMemoryTest() {
    for (int series = 0; series < kSeries; ++series) {
      std::vector<FloatHistogram> histograms;
      for (int minute = 0; minute < kMinutes; ++minute) histograms.push_back(Grown(minute));
      LoadHistograms("h{i='" + std::to_string(series) + "'}", histograms);
      Load("f{i='" + std::to_string(series) + "'}", std::vector<double>(kMinutes, 2));
    }
  }

  static FloatHistogram Grown(int minute) {
    FloatHistogram histogram;
    for (int32_t bucket = 0; bucket < kBuckets; ++bucket) {
      histogram.positive.push_back({bucket, static_cast<double>(minute * (bucket + 1))});
      histogram.count += histogram.positive.back().count;
    }
    histogram.sum = histogram.count;
    return histogram;
  }

  Outcome Run(uint64_t limit_bytes) {
    const ExprPtr expr = Parse(GetParam()).value();
    LimitedMemory memory(limit_bytes);
    const int64_t before = allocated.now;
    allocated.peak = before;
    Result<QueryValue> value =
        evaluator_.Range(*expr, 0, (kMinutes - 1) * kMinuteMs, kMinuteMs, {.memory = &memory});
    return {std::move(value), memory.booked(), allocated.peak - before};
  }
};

TEST_P(HistogramMemoryTest, NeverTakesMoreThanIsBooked) {
  const Outcome unlimited = Run(UINT64_MAX);
  ASSERT_TRUE(unlimited.value.ok()) << unlimited.value.status();
  EXPECT_FALSE(unlimited.value->series.empty());
  EXPECT_LE(unlimited.peak, static_cast<int64_t>(unlimited.booked) + kSlackBytes);
  for (const uint64_t percent : {0, 10, 25, 50, 60, 70, 80, 90, 99}) {
    const uint64_t limit = unlimited.booked * percent / 100;
    const int64_t before = allocated.now;
    const Outcome limited = Run(limit);
    EXPECT_EQ(limited.value.status().code(), StatusCode::kOutOfMemory) << percent;
    EXPECT_LE(limited.peak, static_cast<int64_t>(limit) + kSlackBytes) << percent;
    EXPECT_LT(allocated.now - before, kSlackBytes) << "all of it is free again";
  }
  const Outcome enough = Run(unlimited.booked);
  ASSERT_TRUE(enough.value.ok()) << enough.value.status();
  EXPECT_EQ(enough.value->series.size(), unlimited.value->series.size());
}

INSTANTIATE_TEST_SUITE_P(
    Queries, HistogramMemoryTest,
    testing::Values("h", "rate(h[5m])", "increase(h[5m] anchored)", "rate(h[5m] smoothed)",
                    "h smoothed", "irate(h[5m])", "delta(h[5m])", "sum_over_time(h[5m])",
                    "avg_over_time(h[5m])", "last_over_time(h[5m])", "-h", "h * 2", "2 * h",
                    "h + h", "h - rate(h[5m])", "h / on(i) group_left() f", "h </ 100",
                    "sum by (i) (h)", "sum(h)", "avg by (i) (h)", "h or f", "h and f",
                    "histogram_quantile(0.9, rate(h[5m]))", "histogram_count(h)", "rate(h[10m:1m])",
                    "last_over_time(h[10m:2m])", "count_values('v', h)",
                    "label_replace(h, 'j', '$1', 'i', '(.*)')", "limitk(5, h)",
                    "sort_by_label(h, 'i')", "count_over_time(h[5m])", "resets(h[5m])"));

}  // namespace
}  // namespace luma::promql
