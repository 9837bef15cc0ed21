#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/log.h"
#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::storage {
namespace {

// What senders know after a crash: for each series and timestamp the values they sent, in order,
// and how many of those were acknowledged or followed by an acknowledged one.
struct Sent {
  std::vector<uint64_t> values;
  size_t acknowledged = 0;
};
using SentMap = std::map<std::pair<std::string, UnixMillis>, Sent>;

// Requests with new series, late, repeated and replaced samples.
std::vector<std::vector<TestSeries>> Requests() {
  std::vector<std::vector<TestSeries>> requests;
  for (int i = 0; i < 6; ++i) {
    const UnixMillis now = kTestNow + i * 10;
    requests.push_back({{TestLabels("steady"), {{now, 1.0 * i}, {now + 1, 2.0 * i}}},
                        {TestLabels("new" + std::to_string(i)), {{now, 3.0}}}});
    requests.push_back({{TestLabels("steady"), {{now + 2, 5.0}}}});
    requests.push_back(
        {{TestLabels("steady"), {{now, 7.0 * i}, {now - 3, 1.0}, {now + 1, 2.0 * i}}}});
  }
  return requests;
}

// Sends until the disk dies, with a flush and a restart on the way.
void RunWorkload(io::SimDisk& disk, SentMap& sent) {
  const ManualClock clock(kTestNow);
  auto instance = std::make_unique<MetricsInstance>(disk, clock);
  int count = 0;
  for (const std::vector<TestSeries>& request : Requests()) {
    if (!instance->status.ok()) return;
    for (const TestSeries& series : request) {
      for (const Sample& sample : series.samples) {
        sent[{series.labels.ToString(), sample.timestamp}].values.push_back(
            std::bit_cast<uint64_t>(sample.value));
      }
    }
    if (!WriteAndWait(*instance->store, MakeBatch(request)).ok()) return;
    for (const TestSeries& series : request) {
      for (const Sample& sample : series.samples) {
        Sent& of_sample = sent[{series.labels.ToString(), sample.timestamp}];
        of_sample.acknowledged = of_sample.values.size();
      }
    }
    if (++count == 9 && !instance->engine->Flush().ok()) return;
    if (count == 12) {
      instance.reset();
      instance = std::make_unique<MetricsInstance>(disk, clock);
    }
  }
}

void ExpectKeepsAcknowledged(io::SimDisk disk, const SentMap& sent) {
  const ManualClock clock(kTestNow);
  const MetricsInstance instance(disk, clock);
  ASSERT_TRUE(instance.status.ok()) << instance.status;
  const SampleMap stored = instance.StoredSamples();  // fails on doubles and on orphans
  for (const auto& [key, of_sample] : sent) {
    const auto found = stored.find(key);
    if (found == stored.end()) {
      EXPECT_EQ(of_sample.acknowledged, 0u) << "lost: " << key.first << " ts=" << key.second;
      continue;
    }
    const size_t first = of_sample.acknowledged == 0 ? 0 : of_sample.acknowledged - 1;
    const std::set<uint64_t> possible(of_sample.values.begin() + static_cast<ptrdiff_t>(first),
                                      of_sample.values.end());
    EXPECT_TRUE(possible.contains(found->second)) << "old: " << key.first << " ts=" << key.second;
  }
  for (const auto& [key, bits] : stored) {
    EXPECT_TRUE(sent.contains(key)) << "never sent: " << key.first << " ts=" << key.second;
  }
}

class MetricsStoreCrashTest : public testing::Test {
 protected:
  void SetUp() override { SetLogLevel(LogLevel::kOff); }
  void TearDown() override { SetLogLevel(LogLevel::kInfo); }
};

// Goal: no acknowledged sample is lost or old, none is there twice, and none lacks its series.
// Method: lose power, or the process alone, at every I/O step of a workload.
TEST_F(MetricsStoreCrashTest, AcknowledgedSamplesSurviveACrashAtEveryStep) {
  const uint64_t steps = io::CountIoSteps([](io::SimDisk& disk) {
    SentMap sent;
    RunWorkload(disk, sent);
  });
  for (uint64_t step = 0; step <= steps; ++step) {
    SCOPED_TRACE(testing::Message() << "crash at step " << step);
    io::SimDisk disk({.power_loss_step = step, .seed = step + 1});
    SentMap sent;
    RunWorkload(disk, sent);
    ExpectKeepsAcknowledged(disk.Reboot(), sent);
    ExpectKeepsAcknowledged(disk.Restart(), sent);
  }
}

}  // namespace
}  // namespace luma::storage
