#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "model/histogram_codec.h"
#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::storage {
namespace {

// Each series' samples by time: the count of a histogram, or the negative value of a float.
using Stored = std::map<std::string, std::map<UnixMillis, double>>;

struct TestSample {
  std::string_view instance;
  UnixMillis time = 0;
  double value = 0;  // as in Stored
};
using Request = std::vector<TestSample>;

// Both kinds in one request, new series, and samples that change their kind.
std::vector<Request> Requests() {
  std::vector<Request> requests;
  for (int i = 1; i <= 5; ++i) {
    const UnixMillis now = kTestNow + i * 10;
    requests.push_back({{"float", now, -1.0 * i}, {"histogram", now, 2.0 * i}});
    requests.push_back({{"histogram", now, -3.0 * i}, {"float", now, 4.0 * i}});
    requests.push_back({{"histogram", now + 1, 5}, {"late", now - 25, 6.0 * i}});
  }
  return requests;
}

std::string HistogramOf(double count) {
  StoredHistogram stored;
  stored.histogram.count = stored.histogram.sum = count;
  std::string bytes;
  AppendHistogram(stored, bytes);
  return bytes;
}

SeriesBatch BatchOf(const Request& request) {
  SeriesBatch batch;
  for (const TestSample& sample : request) {
    batch.StartSeries(TestLabels(sample.instance));
    if (sample.value > 0) {
      batch.AddHistogram(sample.time, HistogramOf(sample.value));
    } else {
      batch.AddSample({.timestamp = sample.time, .value = -sample.value});
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

Stored StateAfter(size_t requests) {
  Stored state;
  const std::vector<Request> all = Requests();
  for (size_t i = 0; i < std::min(requests, all.size()); ++i) {
    for (const TestSample& sample : all[i]) {
      state[std::string(sample.instance)][sample.time] = sample.value;
    }
  }
  return state;
}

Stored ReadAll(const MetricsStore& store) {
  Stored state;
  const auto found = store.Select({}, {}, {});
  EXPECT_TRUE(found.ok()) << found.status();
  if (!found.ok()) return state;
  for (const SeriesSamples& series : *found) {
    for (size_t i = 0; i < series.timestamps.size(); ++i) {
      const bool is_histogram = !series.histograms.empty() && series.histograms[i] != nullptr;
      state[std::string(series.labels.Get("instance"))][series.timestamps[i]] =
          is_histogram ? series.histograms[i]->count : -series.values[i];
    }
  }
  return state;
}

void ExpectWholeRequests(io::SimDisk disk, size_t answered) {
  const ManualClock clock(kTestNow);
  const MetricsInstance instance(disk, clock);
  ASSERT_TRUE(instance.status.ok()) << instance.status;
  EXPECT_THAT(ReadAll(*instance.store),
              testing::AnyOf(StateAfter(answered), StateAfter(answered + 1)));
}

// Goal: a request with floats and histograms is there whole or not at all, an answered one is
// there, and a sample that changed its kind is there once. Method: lose power, or the process
// alone, at every I/O step of a workload.
TEST(HistogramCrashTest, RequestsSurviveWholeACrashAtEveryStep) {
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
