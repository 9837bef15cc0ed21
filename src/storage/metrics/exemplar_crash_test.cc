#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "base/log.h"
#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::storage {
namespace {

// What one request tells of a series: a sample, since when it counts, and an exemplar.
struct TestSample {
  std::string_view instance;
  UnixMillis time = 0;
  double value = 0;
  UnixMillis start = 0;          // 0: none
  UnixMillis exemplar_time = 0;  // 0: none
};
using Request = std::vector<TestSample>;

// New series, late and replaced samples, exemplars that are told again.
std::vector<Request> Requests() {
  std::vector<Request> requests;
  for (int i = 1; i <= 5; ++i) {
    const UnixMillis now = kTestNow + i * 10;
    requests.push_back({{"a", now, 1.0 * i, now - 5, now}, {"b", now, 2, 0, now - 1}});
    requests.push_back({{"a", now, 3.0 * i, now - 7, now}, {"b", now + 1, 2, 9, now - 1}});
    requests.push_back({{"late", now - 25, 6, now - 30, now - 40}});
  }
  return requests;
}

SeriesBatch BatchOf(const Request& request) {
  SeriesBatch batch;
  for (const TestSample& sample : request) {
    batch.StartSeries(TestLabels(sample.instance));
    batch.AddSample({.timestamp = sample.time, .value = sample.value});
    if (sample.start != 0) batch.SetStartTime(sample.start);
    if (sample.exemplar_time != 0) {
      batch.AddExemplar(sample.exemplar_time, sample.value, MakeLabels({{"trace_id", "x"}}));
    }
  }
  return batch;
}

// Sends until the disk dies, with a flush and a restart on the way; gives how many were answered.
size_t RunWorkload(io::SimDisk& disk) {
  const ManualClock clock(kTestNow);
  auto instance = std::make_unique<MetricsInstance>(disk, clock);
  size_t answered = 0;
  for (const Request& request : Requests()) {
    if (!instance->status.ok()) return answered;
    if (!WriteAndWait(*instance->store, BatchOf(request)).ok()) return answered;
    if (++answered == 7 && !instance->engine->Flush().ok()) return answered;
    if (answered == 10) {
      instance.reset();
      instance = std::make_unique<MetricsInstance>(disk, clock);
    }
  }
  return answered;
}

struct State {
  // By series and time: value and start.
  std::map<std::tuple<std::string, UnixMillis>, std::pair<double, UnixMillis>> samples;
  std::multiset<std::tuple<std::string, UnixMillis, double>> exemplars;
  bool operator==(const State&) const = default;
};

State StateAfter(size_t requests) {
  State state;
  const std::vector<Request> all = Requests();
  std::set<std::tuple<std::string, UnixMillis, double>> exemplars;
  for (size_t i = 0; i < std::min(requests, all.size()); ++i) {
    for (const TestSample& sample : all[i]) {
      const std::string instance(sample.instance);
      state.samples[{instance, sample.time}] = {sample.value, sample.start};
      exemplars.emplace(instance, sample.exemplar_time, sample.value);
    }
  }
  state.exemplars.insert(exemplars.begin(), exemplars.end());
  return state;
}

State ReadAll(const MetricsStore& store) {
  State state;
  ReadLimits limits;
  limits.with_start_times = true;
  const auto found = store.Select({}, {}, limits);
  EXPECT_TRUE(found.ok()) << found.status();
  if (!found.ok()) return state;
  for (const SeriesSamples& series : *found) {
    const std::string instance(series.labels.Get("instance"));
    for (size_t i = 0; i < series.timestamps.size(); ++i) {
      const UnixMillis start = series.start_times.empty() ? 0 : series.start_times[i];
      state.samples[{instance, series.timestamps[i]}] = {series.values[i], start};
    }
  }
  const std::vector<Matchers> all(1);
  const auto exemplars = store.Exemplars(all, {}, {});
  EXPECT_TRUE(exemplars.ok()) << exemplars.status();
  if (!exemplars.ok()) return state;
  for (const SeriesExemplars& series : *exemplars) {
    const std::string instance(series.labels.Get("instance"));
    for (const Exemplar& one : series.exemplars) {
      state.exemplars.emplace(instance, one.timestamp, one.value);
    }
  }
  return state;
}

void ExpectWholeRequests(io::SimDisk disk, size_t answered) {
  const ManualClock clock(kTestNow);
  const MetricsInstance instance(disk, clock);
  ASSERT_TRUE(instance.status.ok()) << instance.status;
  const State state = ReadAll(*instance.store);
  EXPECT_TRUE(state == StateAfter(answered) || state == StateAfter(answered + 1));
}

// Goal: a request with samples, start times and exemplars is there whole or not at all, an answered
// one is there, and an exemplar that was told again is there once. Method: lose power, or the
// process alone, at every I/O step of a workload.
TEST(ExemplarCrashTest, RequestsSurviveWholeACrashAtEveryStep) {
  SetLogLevel(LogLevel::kOff);
  const uint64_t steps = io::CountIoSteps([](io::SimDisk& disk) { RunWorkload(disk); });
  for (uint64_t step = 0; step <= steps; ++step) {
    SCOPED_TRACE(testing::Message() << "crash at step " << step);
    io::SimDisk disk({.power_loss_step = step, .seed = step + 1});
    const size_t answered = RunWorkload(disk);
    ExpectWholeRequests(disk.Reboot(), answered);
    ExpectWholeRequests(disk.Restart(), answered);
  }
  SetLogLevel(LogLevel::kInfo);
}

}  // namespace
}  // namespace luma::storage
