#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "io/sim_disk.h"
#include "storage/manifest/manifest_test_states.h"

namespace luma::storage {
namespace {

// What a run of the workload was told is durable. An edit that failed may be there or not.
struct Acknowledged {
  bool opened = false;
  uint64_t edits = 0;
};

// Two starts with edits between and after them, and one file switch in the middle.
Acknowledged RunWorkload(io::SimDisk& disk) {
  Acknowledged acknowledged;
  const std::vector<ManifestEdit> edits = SampleEdits();
  for (size_t half = 0; half < 2; ++half) {
    auto opened = Manifest::Open(disk, kDirectory, {.file_bytes_max = 300});
    if (!opened.ok()) return acknowledged;
    acknowledged.opened = true;
    for (size_t i = half * 2; i < half * 2 + 2; ++i) {
      if (!opened->manifest->Append(edits[i]).ok()) return acknowledged;
      ++acknowledged.edits;
    }
  }
  return acknowledged;
}

// The state after the first `count` edits, as far as edits decide it.
ManifestState StateAfter(uint64_t count) {
  ManifestState state;
  const std::vector<ManifestEdit> edits = SampleEdits();
  for (uint64_t i = 0; i < count; ++i) EXPECT_TRUE(state.Apply(edits[i]).ok());
  return state;
}

bool SameEdits(const ManifestState& a, const ManifestState& b) {
  return a.checkpoint == b.checkpoint && a.tables == b.tables && a.sequences == b.sequences &&
         a.next_object_id == b.next_object_id && ObjectBytes(a) == ObjectBytes(b);
}

// Either exactly the acknowledged edits are there, or those and the one that failed.
void ExpectRecovers(io::SimDisk disk, const Acknowledged& acknowledged) {
  auto opened = Manifest::Open(disk, kDirectory);
  ASSERT_TRUE(opened.ok()) << opened.status();
  if (acknowledged.opened) EXPECT_FALSE(opened->created);
  const bool exact = SameEdits(opened->state, StateAfter(acknowledged.edits));
  const bool one_more = acknowledged.edits < SampleEdits().size() &&
                        SameEdits(opened->state, StateAfter(acknowledged.edits + 1));
  EXPECT_TRUE(exact || one_more);
  // What recovery wrote is good for another start.
  const ManifestState recovered = opened->state;
  opened->manifest.reset();
  io::SimDisk again = disk.Reboot();
  EXPECT_TRUE(SameEdits(MustOpen(again).state, recovered));
}

// The warnings about files that a dead disk does not remove would fill pages.
class ManifestCrashTest : public testing::Test {
 protected:
  void SetUp() override { SetLogLevel(LogLevel::kError); }
  void TearDown() override { SetLogLevel(LogLevel::kInfo); }
};

// Goal: an edit is there after a power cut if Append returned OK, and never in part.
// Method: lose power at every I/O step of a workload, with several fates of the unsynced bytes.
TEST_F(ManifestCrashTest, AcknowledgedEditsSurvivePowerLossAtEveryStep) {
  const uint64_t steps = io::CountIoSteps([](io::SimDisk& disk) { RunWorkload(disk); });
  for (uint64_t step = 0; step <= steps; ++step) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      SCOPED_TRACE(testing::Message() << "power lost at step " << step << " seed " << seed);
      io::SimDisk disk({.power_loss_step = step, .seed = seed});
      const Acknowledged acknowledged = RunWorkload(disk);
      ExpectRecovers(disk.Reboot(), acknowledged);
      ExpectRecovers(disk.Restart(), acknowledged);
    }
  }
}

// Goal: recovery itself may be interrupted anywhere.
TEST_F(ManifestCrashTest, RecoverySurvivesPowerLossAtEveryStep) {
  io::SimDisk before;
  const Acknowledged acknowledged = RunWorkload(before);
  for (uint64_t step = 0; step < 20; ++step) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      SCOPED_TRACE(testing::Message() << "power lost at step " << step << " seed " << seed);
      io::SimDisk disk = before.Reboot({.power_loss_step = step, .seed = seed});
      static_cast<void>(Manifest::Open(disk, kDirectory));
      ExpectRecovers(disk.Reboot(), acknowledged);
    }
  }
}

// Goal: a failed call of any kind leaves a manifest that goes on once the disk does.
TEST_F(ManifestCrashTest, AnySingleIoErrorHeals) {
  const uint64_t steps = io::CountIoSteps([](io::SimDisk& disk) { RunWorkload(disk); });
  for (uint64_t step = 0; step < steps; ++step) {
    SCOPED_TRACE(testing::Message() << "failed step " << step);
    io::SimDisk disk;
    disk.SetFault(io::SimFault{.step = step});
    auto opened = Manifest::Open(disk, kDirectory);
    if (!opened.ok()) opened = Manifest::Open(disk, kDirectory);
    ASSERT_TRUE(opened.ok()) << opened.status();
    for (const ManifestEdit& edit : SampleEdits()) {
      if (!opened->manifest->Append(edit).ok()) {
        ASSERT_TRUE(opened->manifest->Append(edit).ok());
      }
    }
    opened->manifest.reset();
    ExpectRecovers(disk.Reboot(), {.opened = true, .edits = SampleEdits().size()});
  }
}

TEST_F(ManifestCrashTest, EveryFailpointIsPassedAndItsErrorHeals) {
  for (const std::string name :
       {"manifest.before_create", "manifest.before_write", "manifest.before_sync",
        "manifest.after_sync", "manifest.before_directory_sync", "manifest.before_switch",
        "manifest.after_switch", "manifest.before_seal", "manifest.before_remove"}) {
    SCOPED_TRACE(name);
    io::SimDisk disk;
    MustOpen(disk);
    // Reached once per start; whether the start fails depends on the point, its effect may not.
    ASSERT_TRUE(failpoint::Arm(name + ":1:error").ok());
    static_cast<void>(Manifest::Open(disk, kDirectory));
    EXPECT_TRUE(failpoint::Hit(name).ok()) << "not passed";
    ASSERT_TRUE(failpoint::Arm("").ok());
    EXPECT_FALSE(MustOpen(disk).created);
  }
}

}  // namespace
}  // namespace luma::storage
