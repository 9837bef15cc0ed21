// Goal: whatever happens to the power, the process or the disk, an acknowledged record is there
// after the next start, in its place, and nothing is there that was not written.
// Method: SimDisk stops the world at every I/O step; log_session.h keeps the oracle.
#include <gtest/gtest.h>

#include <string>

#include "io/sim_disk.h"
#include "storage/wal/testing/log_session.h"
#include "storage/wal/wal_directory.h"

namespace luma::storage {
namespace {

using testing::kLogDirectory;
using testing::LogOracle;
using testing::ReplayAndCheck;
using testing::RunSession;
using testing::SessionOptions;

constexpr uint64_t kSeeds = 8;

class QuietLog : public ::testing::Environment {
  void SetUp() override { testing::SilenceLog(); }
};
[[maybe_unused]] const auto* const g_quiet = ::testing::AddGlobalTestEnvironment(new QuietLog);

// Two lives of a log: the second recycles files of the first.
Status TwoSessions(io::FileSystem& fs, LogOracle& oracle, WalSync sync = WalSync::kAlways) {
  SessionOptions options;
  options.wal.sync = sync;
  LUMA_RETURN_IF_ERROR(RunSession(fs, oracle, options));
  return RunSession(fs, oracle, options);
}

uint64_t StepsOf(WalSync sync) {
  return io::CountIoSteps([&](io::SimDisk& disk) {
    LogOracle oracle;
    const Status status = TwoSessions(disk, oracle, sync);
    EXPECT_TRUE(status.ok()) << status;
  });
}

class WalCrashTest : public ::testing::TestWithParam<WalSync> {};
INSTANTIATE_TEST_SUITE_P(AllModes, WalCrashTest,
                         ::testing::Values(WalSync::kAlways, WalSync::kInterval, WalSync::kOff));

TEST_P(WalCrashTest, AcknowledgedRecordsSurvivePowerLossAtEveryStep) {
  const uint64_t steps = StepsOf(GetParam());
  ASSERT_GT(steps, 100u);
  for (uint64_t step = 0; step < steps; ++step) {
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      SCOPED_TRACE(::testing::Message() << "power lost at step " << step << " seed " << seed);
      io::SimDisk disk({.power_loss_step = step, .seed = seed});
      LogOracle oracle;
      const Status stopped = TwoSessions(disk, oracle, GetParam());
      io::SimDisk rebooted = disk.Reboot();
      ASSERT_TRUE(RunSession(rebooted, oracle).ok()) << "stopped by " << stopped;
      ASSERT_TRUE(ReplayAndCheck(rebooted, oracle).ok());
    }
  }
}

// The second power loss comes during recovery and the writes after it; the third start must still
// know everything that the first two acknowledged or showed.
TEST(WalRecoveryCrashTest, RecoveryMayLosePowerAtEveryStepToo) {
  const uint64_t steps = StepsOf(WalSync::kAlways);
  for (uint64_t step = 0; step < steps; step += 3) {
    for (uint64_t again = 0; again < 24; ++again) {
      SCOPED_TRACE(::testing::Message() << "power lost at step " << step << ", then " << again);
      io::SimDisk disk({.power_loss_step = step, .seed = step + 1});
      LogOracle oracle;
      Status stopped = TwoSessions(disk, oracle);
      io::SimDisk rebooted = disk.Reboot({.power_loss_step = again, .seed = again + 1});
      stopped = RunSession(rebooted, oracle, {.commits = 6});
      io::SimDisk last = rebooted.Reboot();
      const Status status = RunSession(last, oracle, {.commits = 2});
      ASSERT_TRUE(status.ok()) << status << " stopped by " << stopped;
      ASSERT_TRUE(ReplayAndCheck(last, oracle).ok());
    }
  }
}

// kill -9 keeps what the kernel has; a power cut after the next start must not take back what that
// start has shown.
TEST(WalRecoveryCrashTest, WhatAStartHasShownSurvivesALaterPowerLoss) {
  const uint64_t steps = StepsOf(WalSync::kInterval);
  for (uint64_t step = 0; step < steps; ++step) {
    SCOPED_TRACE(::testing::Message() << "killed at step " << step);
    io::SimDisk disk({.power_loss_step = step, .seed = step + 1});
    LogOracle oracle;
    const Status stopped = TwoSessions(disk, oracle, WalSync::kInterval);
    io::SimDisk restarted = disk.Restart({.seed = step + 7});
    ASSERT_TRUE(RunSession(restarted, oracle, {.commits = 0, .close = false}).ok());
    io::SimDisk rebooted = restarted.Reboot();
    const Status status = RunSession(rebooted, oracle, {.commits = 3});
    ASSERT_TRUE(status.ok()) << status;
  }
}

// An I/O error at every step, once or for ever: no call says OK for a record that is not there.
TEST(WalFaultTest, AnErrorAtAnyStepLosesNothingAcknowledged) {
  const uint64_t steps = StepsOf(WalSync::kAlways);
  for (const StatusCode code : {StatusCode::kIoError, StatusCode::kDiskFull}) {
    for (const bool forever : {false, true}) {
      for (uint64_t step = 0; step < steps; ++step) {
        SCOPED_TRACE(::testing::Message() << StatusCodeName(code) << " at step " << step
                                          << (forever ? " for ever" : " once"));
        io::SimDisk disk({.seed = step + 1, .fault = io::SimFault{step, code, forever}});
        LogOracle oracle;
        const Status stopped = TwoSessions(disk, oracle);
        io::SimDisk rebooted = disk.Reboot();
        const Status status = RunSession(rebooted, oracle);
        ASSERT_TRUE(status.ok()) << status << " stopped by " << stopped;
      }
    }
  }
}

// A failed sync leaves pages that the kernel shows to the next process but never writes again. What
// that process acknowledges behind them must not hang on them.
TEST(WalFaultTest, ARestartAfterAFailedSyncMakesWhatItReadDurableAgain) {
  for (const WalSync sync : {WalSync::kAlways, WalSync::kInterval}) {
    const uint64_t steps = StepsOf(sync);
    for (uint64_t step = 0; step < steps; ++step) {
      SCOPED_TRACE(::testing::Message() << "error at step " << step);
      io::SimDisk disk({.seed = step + 1, .fault = io::SimFault{step, StatusCode::kIoError}});
      LogOracle oracle;
      const Status stopped = TwoSessions(disk, oracle, sync);
      io::SimDisk restarted = disk.Restart({.seed = step + 7});
      Status status = RunSession(restarted, oracle, {.commits = 6, .checkpoints = false});
      ASSERT_TRUE(status.ok()) << status << " stopped by " << stopped;
      io::SimDisk rebooted = restarted.Reboot();
      status = RunSession(rebooted, oracle, {.commits = 2});
      ASSERT_TRUE(status.ok()) << status << " stopped by " << stopped;
    }
  }
}

// Reading may fail too: then the start fails with that error and changes nothing.
TEST(WalFaultTest, AReadErrorDuringReplayIsReported) {
  io::SimDisk disk;
  LogOracle oracle;
  ASSERT_TRUE(TwoSessions(disk, oracle).ok());
  for (uint64_t step = 0;; ++step) {
    LogOracle copy = oracle;
    io::SimDisk failing =
        disk.Restart({.fault = io::SimFault{step, StatusCode::kIoError}, .reads_are_steps = true});
    const auto end = ReplayAndCheck(failing, copy);
    if (failing.steps() <= step) {
      ASSERT_TRUE(end.ok());
      break;
    }
    ASSERT_EQ(end.status().code(), StatusCode::kIoError) << "read " << step;
  }
}

// Flips every bit position once per byte of every file and starts: the answer must be complete or a
// kCorruption, never a log that silently ends early.
void FlipEveryByte(const io::SimDisk& disk, const LogOracle& oracle, uint64_t& detected) {
  io::SimDisk listed = disk.Restart();
  const auto names = listed.List(kLogDirectory);
  ASSERT_TRUE(names.ok());
  for (const std::string& name : *names) {
    const io::Path path = io::JoinPath(kLogDirectory, name);
    for (uint64_t offset = 0, size = *listed.FileSize(path); offset < size; ++offset) {
      SCOPED_TRACE(::testing::Message() << "bit flipped in " << path << " at " << offset);
      listed.FlipBit(path, offset, static_cast<int>(offset % 8));
      LogOracle copy = oracle;
      const auto end = ReplayAndCheck(listed, copy);
      listed.FlipBit(path, offset, static_cast<int>(offset % 8));
      if (end.ok()) continue;
      ++detected;
      const StatusCode code = end.status().code();
      ASSERT_TRUE(code == StatusCode::kCorruption || code == StatusCode::kUnsupported)
          << end.status();
      ASSERT_NE(end.status().message().find(kLogDirectory), std::string::npos);
      ASSERT_NE(end.status().message().find("offset="), std::string::npos) << end.status();
    }
  }
}

TEST(WalDamageTest, EveryFlippedByteOfACleanLogIsDetectedOrHarmless) {
  io::SimDisk disk;
  LogOracle oracle;
  ASSERT_TRUE(TwoSessions(disk, oracle).ok());
  uint64_t detected = 0;
  FlipEveryByte(disk.Reboot(), oracle, detected);
  EXPECT_GT(detected, 1000u);
}

// kill -9 at every step. The oracle holds what was acknowledged by then: also the very last group
// is protected, by the mark that is written before the acknowledgement.
TEST(WalDamageTest, EveryFlippedByteAfterAKillIsDetectedOrHarmless) {
  const SessionOptions options{.commits = 11};  // with a checkpoint and a recycled file
  const uint64_t steps = io::CountIoSteps([&](io::SimDisk& disk) {
    LogOracle oracle;
    ASSERT_TRUE(RunSession(disk, oracle, options).ok());
  });
  uint64_t detected = 0;
  for (uint64_t step = 0; step < steps; ++step) {
    SCOPED_TRACE(::testing::Message() << "killed at step " << step);
    io::SimDisk disk({.power_loss_step = step, .seed = step + 1});
    LogOracle oracle;
    const Status stopped = RunSession(disk, oracle, options);
    if (disk.Restart().IsDirectory(kLogDirectory).value()) FlipEveryByte(disk, oracle, detected);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(detected, 1000u);
}

// Writes `header`, with its checksum, into the unused rest of the only log file.
void PutIntoTail(io::SimDisk& disk, const WalRecordHeader& header, uint64_t offset) {
  const auto file = OpenWalFile(disk, kLogDirectory, 1);
  ASSERT_TRUE(file.ok());
  Bytes bytes(kWalRecordHeaderBytes);
  EncodeWalRecordHeader(header, WalRecordSeed(file->header.id), bytes.data());
  ASSERT_TRUE((*disk.OpenForWrite(file->path))->WriteAt(offset, bytes).ok());
}

// A tail of random bytes holds a matching checksum about once in a thousand starts with files of
// 32 MiB. It takes more than that to call a log damaged.
TEST(WalDamageTest, OnlyAHeaderThatAWriterCanHaveWrittenIsEvidenceOfDamage) {
  io::SimDisk disk;
  LogOracle oracle;
  const SessionOptions options{.commits = 2, .checkpoints = false};
  ASSERT_TRUE(RunSession(disk, oracle, options).ok());
  const WalEnd end = *ReplayAndCheck(disk, oracle);
  ASSERT_EQ(end.files.size(), 1u);
  const uint64_t offset = end.end_offset + 96;  // room for three records between
  const Lsn last{ToNumber(end.last_lsn) + 4};
  const struct {
    const char* what;
    WalRecordHeader header;
    bool is_evidence;
  } cases[] = {
      {"plausible mark", {.kind = WalRecordKind::kMark, .lsn = last, .synced_lsn = last}, true},
      {"plausible data", {.lsn = last, .synced_lsn = Previous(last)}, true},
      {"lsn too high", {.lsn = Next(last), .synced_lsn = last}, false},
      {"lsn far too high", {.lsn = Lsn{UINT64_MAX}, .synced_lsn = last}, false},
      {"data synced before it was written", {.lsn = last, .synced_lsn = last}, false},
      {"payload beyond the file",
       {.payload_bytes = 1024, .lsn = last, .synced_lsn = Previous(last)},
       false},
      {"mark with a payload",
       {.kind = WalRecordKind::kMark, .payload_bytes = 8, .lsn = last, .synced_lsn = last},
       false}};
  for (const auto& [what, header, is_evidence] : cases) {
    SCOPED_TRACE(what);
    io::SimDisk damaged = disk.Restart();
    PutIntoTail(damaged, header, offset);
    LogOracle copy = oracle;
    const auto replayed = ReplayAndCheck(damaged, copy);
    EXPECT_EQ(replayed.status().code(), is_evidence ? StatusCode::kCorruption : StatusCode::kOk);
  }
}

// A lost, swapped or shortened file is a lost part of the log.
TEST(WalDamageTest, AMissingFileIsDetected) {
  io::SimDisk disk;
  LogOracle oracle;
  ASSERT_TRUE(RunSession(disk, oracle, {.commits = 20, .checkpoints = false}).ok());
  io::SimDisk listed = disk.Restart();
  const auto names = listed.List(kLogDirectory);
  ASSERT_TRUE(names.ok());
  int files = 0;
  for (const std::string& name : *names) {
    if (!ParseWalFileName(name)) continue;
    ++files;
    io::SimDisk damaged = disk.Restart();
    ASSERT_TRUE(damaged.Remove(io::JoinPath(kLogDirectory, name)).ok());
    LogOracle copy = oracle;
    EXPECT_EQ(ReplayAndCheck(damaged, copy).status().code(), StatusCode::kCorruption) << name;
  }
  EXPECT_GE(files, 3);
}

TEST(WalDamageTest, SwappedFilesAreDetected) {
  io::SimDisk disk;
  LogOracle oracle;
  ASSERT_TRUE(RunSession(disk, oracle, {.commits = 20, .checkpoints = false}).ok());
  io::SimDisk damaged = disk.Restart();
  const io::Path first = io::JoinPath(kLogDirectory, WalFileName(1));
  const io::Path second = io::JoinPath(kLogDirectory, WalFileName(2));
  ASSERT_TRUE(damaged.Rename(first, "/data/other").ok());
  ASSERT_TRUE(damaged.Rename(second, first).ok());
  ASSERT_TRUE(damaged.Rename("/data/other", second).ok());
  EXPECT_EQ(ReplayAndCheck(damaged, oracle).status().code(), StatusCode::kCorruption);
}

// A full disk is an answer, not an accident: Reserve says so, nothing breaks, and when there is
// room again the same writer goes on.
TEST(WalFaultTest, AFullDiskIsReportedByReserveAndWritingResumes) {
  io::SimDisk disk({.capacity_bytes = 8 << 10});
  WalOptions options = testing::SmallFiles();
  auto writer = WalWriter::Open(disk, kLogDirectory, WalEnd{}, options);
  ASSERT_TRUE(writer.ok());
  const std::string payload(200, 'x');
  Status full;
  while ((full = (*writer)->Reserve(payload.size())).ok()) {
    ASSERT_TRUE((*writer)->WaitDurable((*writer)->Append(AsBytes(payload))).ok());
  }
  EXPECT_EQ(full.code(), StatusCode::kDiskFull);
  const Lsn before = (*writer)->last_lsn();
  EXPECT_EQ((*writer)->Reserve(payload.size()).code(), StatusCode::kDiskFull);

  disk.SetCapacity(64 << 10);
  ASSERT_TRUE((*writer)->Reserve(payload.size()).ok());
  EXPECT_EQ(ToNumber((*writer)->Append(AsBytes(payload))), ToNumber(Next(before)));
  ASSERT_TRUE((*writer)->WaitDurable(Next(before)).ok());
}

}  // namespace
}  // namespace luma::storage
