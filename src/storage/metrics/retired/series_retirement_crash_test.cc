#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/log.h"
#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::storage {
namespace {

using std::chrono::hours;

std::unique_ptr<MetricsInstance> Open(io::SimDisk& disk, const Clock& clock) {
  MetricsOptions options;
  options.retirement = {.fs = &disk, .directory = "/data/series", .after = hours(1)};
  return std::make_unique<MetricsInstance>(disk, clock, options);
}

// By instance and time: whether it was acknowledged.
using Sent = std::map<std::pair<std::string, UnixMillis>, bool>;

class Workload {
 public:
  Workload(io::SimDisk& disk, Sent& sent) : disk_(disk), sent_(sent) {
    instance_ = Open(disk_, clock_);
  }

  // Series leave memory, come back, leave again, are removed; a partition that half of them left is
  // written anew; the database is opened for a backup at rest, and again. False once the disk is
  // dead.
  bool Run() {
    if (!instance_->status.ok()) return false;
    if (!Write({"a", "b", "c", "deleted"}) || !Idle() || !Retire()) return false;
    if (!Write({"a"}) || !Delete("deleted") || !Idle() || !Retire()) return false;
    was_rewritten_ = HasPartitionOf(2);  // without "a" and "deleted"
    instance_.reset();
    if (!OpenAtRest()) return false;
    instance_ = Open(disk_, clock_);
    if (!instance_->status.ok()) return false;
    lists_counted_ = instance_->store->registry().series_count() == 1;
    return Write({"b", "a", "new"}) && instance_->engine->Flush().ok() && Idle() && Retire() &&
           Write({"c", "deleted"});
  }
  bool went_well() const { return all_retired_ && was_rewritten_ && lists_counted_; }

 private:
  UnixMillis now() const { return clock_.NowMillis(); }

  bool Write(const std::vector<std::string>& instances) {
    std::vector<TestSeries> series;
    for (const std::string& instance : instances) {
      series.push_back({TestLabels(instance), {{now(), 1}}});
      sent_[{instance, now()}] = false;
    }
    if (!WriteAndWait(*instance_->store, MakeBatch(series)).ok()) return false;
    for (const std::string& instance : instances) sent_[{instance, now()}] = true;
    return true;
  }
  // Nothing of it is expected, or refused, from when it begins.
  bool Delete(const std::string& instance) {
    for (auto& [key, is_acknowledged] : sent_) {
      if (key.first == instance) is_acknowledged = false;
    }
    const Matchers matchers = {*Matcher::Create("instance", MatchOp::kEqual, instance)};
    return instance_->store->DeleteSamples({matchers}, {}).ok();
  }
  bool Idle() {
    clock_.Advance(hours(2));
    return Write({"steady"});
  }
  bool HasPartitionOf(uint64_t series) {
    const auto names = disk_.List("/data/series");
    if (!names.ok()) return false;
    return std::ranges::any_of(*names, [&](const std::string& name) {
      auto file = disk_.OpenForRead("/data/series/" + name);
      if (!file.ok()) return false;
      const auto partition = SeriesPartition::Open(*std::move(file));
      return partition.ok() && (*partition)->ids().cardinality() == series;
    });
  }
  // As a backup does.
  bool OpenAtRest() {
    EngineOptions options{.data_dir = "/data"};
    options.background_flush = false;
    const auto engine = MultiTierStorage::Open(options, disk_, clock_);
    if (engine.ok()) RenewSeriesList(disk_, "/data/series", **engine);
    return engine.ok();
  }
  // No sender learns of a failure: they go on if the disk does.
  bool Retire() {
    all_retired_ = instance_->store->RetireSeries().ok() && all_retired_;
    return true;
  }

  io::SimDisk& disk_;
  Sent& sent_;
  bool all_retired_ = true;
  bool was_rewritten_ = false;
  bool lists_counted_ = false;  // the second store has only "steady" in memory
  ManualClock clock_{kTestNow};
  std::unique_ptr<MetricsInstance> instance_;
};

std::set<std::string> InstancesAt(const MetricsStore& store, UnixMillis time) {
  const auto found = store.Select({}, {.min = time, .max = time}, {});
  EXPECT_TRUE(found.ok()) << found.status();
  std::set<std::string> instances;
  if (!found.ok()) return instances;
  for (const SeriesSamples& series : *found) instances.emplace(series.labels.Get("instance"));
  return instances;
}

// Each acknowledged sample is found by a query for its time alone, now and after more of the same.
void ExpectFound(const MetricsInstance& instance, const Sent& sent) {
  for (const auto& [key, is_acknowledged] : sent) {
    const bool is_found = InstancesAt(*instance.store, key.second).contains(key.first);
    EXPECT_TRUE(is_found || !is_acknowledged) << key.first << " ts=" << key.second;
  }
  instance.StoredSamples();  // fails on doubles and on orphans
}

void ExpectGoesOn(io::SimDisk disk, Sent sent) {
  ManualClock clock(kTestNow + hours(12) / std::chrono::milliseconds(1));
  auto instance = Open(disk, clock);
  ASSERT_TRUE(instance->status.ok()) << instance->status;
  ExpectFound(*instance, sent);
  for (const std::string again : {"a", "b", "c", "deleted", "steady"}) {
    ASSERT_TRUE(
        WriteAndWait(*instance->store, MakeBatch({{TestLabels(again), {{clock.NowMillis(), 1}}}}))
            .ok());
    sent[{again, clock.NowMillis()}] = true;
  }
  ExpectFound(*instance, sent);
  clock.Advance(hours(2));
  const auto retired = instance->store->RetireSeries();
  ASSERT_TRUE(retired.ok()) << retired.status();
  ExpectFound(*instance, sent);
  instance.reset();
  instance = Open(disk, clock);
  ASSERT_TRUE(instance->status.ok()) << instance->status;
  ExpectFound(*instance, sent);
}

uint64_t CountSteps() {
  return io::CountIoSteps([](io::SimDisk& disk) {
    Sent sent;
    Workload workload(disk, sent);
    EXPECT_TRUE(workload.Run() && workload.went_well());
  });
}

class SeriesRetirementCrashTest : public testing::Test {
 protected:
  void SetUp() override { SetLogLevel(LogLevel::kOff); }
  void TearDown() override { SetLogLevel(LogLevel::kInfo); }
};

// Goal: no acknowledged sample becomes invisible, at any time of a query.
// Method: lose power, or the process alone, at every I/O step while series leave memory, come back
// and are removed; then look, write, retire and open again.
TEST_F(SeriesRetirementCrashTest, AcknowledgedSamplesAreFoundAfterACrashAtEveryStep) {
  const uint64_t steps = CountSteps();
  for (uint64_t step = 0; step <= steps; ++step) {
    SCOPED_TRACE(testing::Message() << "crash at step " << step << " of " << steps);
    io::SimDisk disk({.power_loss_step = step, .seed = step + 1});
    Sent sent;
    static_cast<void>(Workload(disk, sent).Run());
    ExpectGoesOn(disk.Reboot(), sent);
    ExpectGoesOn(disk.Restart(), sent);
  }
}

// Goal: the same for an I/O call that fails once, for every call.
TEST_F(SeriesRetirementCrashTest, AcknowledgedSamplesAreFoundAfterAFailureOfEachStep) {
  const uint64_t steps = CountSteps();
  for (uint64_t step = 0; step <= steps; ++step) {
    SCOPED_TRACE(testing::Message() << "failure of step " << step << " of " << steps);
    io::SimDisk disk({.seed = step + 1, .fault = io::SimFault{.step = step}});
    Sent sent;
    static_cast<void>(Workload(disk, sent).Run());
    ExpectGoesOn(disk.Reboot(), sent);
    ExpectGoesOn(disk.Restart(), sent);
  }
}

}  // namespace
}  // namespace luma::storage
