#include "storage/wal/wal_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "io/sim_disk.h"
#include "storage/wal/testing/log_session.h"

namespace luma::storage {
namespace {

using testing::kLogDirectory;
using testing::SmallFiles;

std::unique_ptr<WalWriter> OpenLog(io::FileSystem& fs, WalOptions options = SmallFiles()) {
  const auto end =
      ReplayWal(fs, kLogDirectory, kFirstLsn, [](Lsn, ByteSpan) { return Status::Ok(); });
  LUMA_CHECK(end.ok());
  auto writer = WalWriter::Open(fs, kLogDirectory, *end, options);
  LUMA_CHECK(writer.ok());
  return *std::move(writer);
}

Lsn AppendText(WalWriter& writer, std::string_view text) {
  LUMA_CHECK(writer.Reserve(text.size()).ok());
  return writer.Append(AsBytes(text));
}

std::vector<std::string> ReadLog(io::FileSystem& fs, Lsn from = kFirstLsn) {
  std::vector<std::string> payloads;
  const auto end = ReplayWal(fs, kLogDirectory, from, [&](Lsn, ByteSpan payload) {
    payloads.emplace_back(AsText(payload));
    return Status::Ok();
  });
  EXPECT_TRUE(end.ok()) << end.status();
  return payloads;
}

TEST(WalWriterTest, RecordsComeBackInOrderOverSeveralLives) {
  io::SimDisk disk;
  std::vector<std::string> expected;
  for (int life = 0; life < 3; ++life) {
    const auto writer = OpenLog(disk);
    for (int i = 0; i < 20; ++i) {
      expected.push_back("record " + std::to_string(life) + "." + std::to_string(i));
      EXPECT_EQ(ToNumber(AppendText(*writer, expected.back())), expected.size());
    }
    ASSERT_TRUE(writer->Close().ok());
  }
  EXPECT_EQ(ReadLog(disk), expected);
  EXPECT_EQ(ReadLog(disk, Lsn{50}).size(), 11u);
}

TEST(WalWriterTest, EmptyAndVeryLargeRecordsAreKept) {
  io::SimDisk disk;
  const auto writer = OpenLog(disk);
  const std::string large(3 << 20, 'L');  // 3,000 times the file size
  AppendText(*writer, "");
  AppendText(*writer, large);
  ASSERT_TRUE(writer->WaitDurable(AppendText(*writer, "after")).ok());
  EXPECT_THAT(ReadLog(disk), ::testing::ElementsAre("", large, "after"));
  EXPECT_EQ(writer->Reserve(kWalPayloadBytesMax + 1).code(), StatusCode::kTooLarge);
}

TEST(WalWriterTest, OneSyncServesAllRecordsOfARound) {
  io::SimDisk disk;
  const auto writer = OpenLog(disk, {.segment_bytes = 64 << 10, .background_spares = false});
  Lsn last = kNoLsn;
  for (int i = 0; i < 100; ++i) last = AppendText(*writer, "record");
  const uint64_t before = disk.steps();
  ASSERT_TRUE(writer->WaitDurable(last).ok());
  // Header, its sync, rename, directory sync, write, sync, mark: not a hundred of each.
  EXPECT_LE(disk.steps() - before, 9u);
  EXPECT_EQ(writer->stats().records, 100u);
}

bool HasSpare(io::SimDisk& disk) {
  const auto names = disk.List(kLogDirectory);
  return names.ok() && std::ranges::any_of(*names, [](const std::string& name) {
           return name.ends_with(kWalSpareSuffix);
         });
}

// The test does not end without the spares of the background.
TEST(WalWriterTest, TheNextFileIsPreparedWhenThisOneIsNearlyFull) {
  io::SimDisk disk;
  const WalOptions options{.segment_bytes = 12 << 20};
  {
    const auto idle = OpenLog(disk, options);
    while (!HasSpare(disk)) std::this_thread::yield();
  }
  const auto writer = OpenLog(disk, options);
  const std::string text(1 << 20, 'L');
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(writer->WaitDurable(AppendText(*writer, text)).ok());
    EXPECT_FALSE(HasSpare(disk)) << "the first file has taken it, and has 9 MiB left";
  }
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(writer->WaitDurable(AppendText(*writer, text)).ok());
  while (!HasSpare(disk)) std::this_thread::yield();
}

TEST(WalWriterTest, CallbacksRunOnceInOrderAndOnlyWhenDurable) {
  io::SimDisk disk;
  const auto writer = OpenLog(disk);
  std::vector<uint64_t> order;  // the log thread is the only writer
  std::atomic<int> done{0};
  for (int i = 0; i < 50; ++i) {
    const Lsn lsn = AppendText(*writer, "record");
    writer->OnDurable(lsn, [&, lsn](const Status& status) {
      EXPECT_TRUE(status.ok());
      EXPECT_GE(writer->acknowledged_lsn(), lsn);
      order.push_back(ToNumber(lsn));
      ++done;
    });
  }
  ASSERT_TRUE(writer->Close().ok());
  ASSERT_EQ(done.load(), 50);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  Status late = Status::Internal("not called");
  writer->OnDurable(Lsn{50}, [&](Status status) { late = std::move(status); });
  EXPECT_TRUE(late.ok());
}

// The next round waits for as many as there were, but not for ever.
TEST(WalWriterTest, CallbacksOfAGroupThatStaysSmallerRunToo) {
  io::SimDisk disk;
  const auto writer = OpenLog(disk);
  std::atomic<int> done{0};
  const auto ask = [&] {
    writer->OnDurable(AppendText(*writer, "record"),
                      [&](const Status& status) { done += status.ok() ? 1 : 0; });
  };
  for (const int group : {5, 1, 3, 1, 1}) {
    const int before = done;
    for (int i = 0; i < group; ++i) ask();
    while (done < before + group) std::this_thread::yield();
  }
  EXPECT_EQ(writer->stats().records, 11u);
}

TEST(WalWriterTest, ManyThreadsWaitForTheirOwnRecords) {
  io::SimDisk disk;
  const auto writer =
      OpenLog(disk, {.segment_bytes = 16 << 10, .buffer_bytes_max = 1024});  // with backpressure
  Mutex sequencer;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50; ++i) {
        Lsn lsn = kNoLsn;
        {
          MutexLock lock(sequencer);
          lsn = AppendText(*writer, std::to_string(thread) + std::string(100, '.'));
        }
        EXPECT_TRUE(writer->WaitDurable(lsn).ok());
        EXPECT_GE(writer->acknowledged_lsn(), lsn);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(writer->Close().ok());
  EXPECT_EQ(ReadLog(disk).size(), 400u);
}

// A spare that was a log file before still has its header.
bool HasRecycledSpare(io::FileSystem& fs) {
  const auto names = fs.List(kLogDirectory);
  return std::any_of(names->begin(), names->end(), [&](const std::string& name) {
    const auto bytes = io::ReadFile(fs, io::JoinPath(kLogDirectory, name));
    return name.ends_with(".spare") && bytes->at(0) != std::byte{0};
  });
}

TEST(WalWriterTest, TruncateLetsGoOfOldFilesAndReusesThem) {
  io::SimDisk disk;
  const auto writer = OpenLog(disk);
  const std::string payload(200, 'x');
  Lsn last = kNoLsn;
  for (int round = 0; round < 30; ++round) {
    for (int i = 0; i < 6; ++i) last = AppendText(*writer, payload);
    ASSERT_TRUE(writer->WaitDurable(last).ok());
    ASSERT_TRUE(writer->Truncate(last).ok());
    EXPECT_LE(writer->log_bytes(), 2048u);
    EXPECT_LE(disk.List(kLogDirectory)->size(), 6u);
  }
  EXPECT_EQ(ReadLog(disk, last).size(), 1u);
  EXPECT_TRUE(HasRecycledSpare(disk));
  EXPECT_EQ(ReplayWal(disk, kLogDirectory, kFirstLsn, [](Lsn, ByteSpan) { return Status::Ok(); })
                .status()
                .code(),
            StatusCode::kCorruption);  // the beginning is gone
}

TEST(WalWriterTest, TruncateKeepsTheFirstNeededRecordAtEveryBoundary) {
  constexpr uint64_t kRecords = 40;
  io::SimDisk disk;
  const auto writer = OpenLog(disk);
  for (uint64_t i = 0; i < kRecords; ++i) AppendText(*writer, std::string(150, 'x'));
  ASSERT_TRUE(writer->Sync().ok());
  const uint64_t log_bytes = writer->log_bytes();
  for (uint64_t lsn = 1; lsn <= kRecords + 1; ++lsn) {
    ASSERT_TRUE(writer->Truncate(Lsn{lsn}).ok());
    EXPECT_EQ(ReadLog(disk, Lsn{lsn}).size(), kRecords + 1 - lsn) << "lsn " << lsn;
  }
  EXPECT_LT(writer->log_bytes(), log_bytes / 4);
}

TEST(WalWriterTest, ALogThatEndsBeforeTheCheckpointIsCorrupt) {
  io::SimDisk disk;
  const auto writer = OpenLog(disk);
  ASSERT_TRUE(writer->WaitDurable(AppendText(*writer, "one")).ok());
  EXPECT_TRUE(ReadLog(disk, Lsn{2}).empty());
  const auto end =
      ReplayWal(disk, kLogDirectory, Lsn{3}, [](Lsn, ByteSpan) { return Status::Ok(); });
  EXPECT_EQ(end.status().code(), StatusCode::kCorruption);
}

// fsync is never tried again: the second one would succeed without having saved anything.
TEST(WalWriterTest, AFailedSyncPoisonsTheWriterForEver) {
  testing::SilenceLog();
  io::SimDisk disk;
  const auto writer = OpenLog(disk);
  ASSERT_TRUE(writer->WaitDurable(AppendText(*writer, "kept")).ok());
  const Lsn lost = AppendText(*writer, "lost");
  disk.SetFault(io::SimFault{disk.steps() + 1, StatusCode::kIoError});  // write, then this sync
  const Status failed = writer->WaitDurable(lost);
  EXPECT_EQ(failed.code(), StatusCode::kIoError);

  const uint64_t steps = disk.steps();
  EXPECT_EQ(writer->WaitDurable(lost).ToString(), failed.ToString());
  EXPECT_EQ(writer->Reserve(1).ToString(), failed.ToString());
  EXPECT_EQ(writer->Sync().ToString(), failed.ToString());
  EXPECT_EQ(writer->Truncate(lost).ToString(), failed.ToString());
  EXPECT_TRUE(writer->WaitDurable(Lsn{1}).ok());
  EXPECT_EQ(writer->Close().ToString(), failed.ToString());
  Status late;
  writer->OnDurable(lost, [&](Status status) { late = std::move(status); });
  EXPECT_EQ(late.ToString(), failed.ToString());
  EXPECT_EQ(disk.steps(), steps) << "I/O after the failure";
}

// A full disk inside the log is not the full disk of Reserve: the record may be there or not.
TEST(WalWriterTest, AnyFailureInsideTheLogIsAnIoErrorForEver) {
  testing::SilenceLog();
  // The steps of the first commit behind the spare of its Reserve: header, sync, rename, directory
  // sync, record, sync, mark.
  for (uint64_t step = 0; step < 7; ++step) {
    SCOPED_TRACE(step);
    io::SimDisk disk;
    const auto writer = OpenLog(disk);
    const Lsn lsn = AppendText(*writer, "lost");
    disk.SetFault(io::SimFault{disk.steps() + step, StatusCode::kDiskFull});
    const Status failed = writer->WaitDurable(lsn);
    EXPECT_EQ(failed.code(), StatusCode::kIoError) << failed;
    EXPECT_EQ(writer->Reserve(1).ToString(), failed.ToString());
  }
}

WalOptions WithoutSyncs() {
  WalOptions options = SmallFiles();
  options.sync = WalSync::kInterval;
  options.sync_interval = std::chrono::hours(1);
  return options;
}

TEST(WalWriterTest, AMarkBetweenReserveAndAppendLeavesTheReservedRoom) {
  io::SimDisk disk;
  const auto writer = OpenLog(disk, WithoutSyncs());
  // Leaves room for one empty record and its mark: 1024 - 72 (header) - 96 (tail) - 792 = 64.
  ASSERT_TRUE(writer->WaitDurable(AppendText(*writer, std::string(760, 'a'))).ok());
  ASSERT_TRUE(writer->Reserve(0).ok());
  ASSERT_TRUE(writer->Sync().ok());  // writes a mark that no record has promised
  writer->Append({});
  ASSERT_TRUE(writer->WaitDurable(AppendText(*writer, std::string(500, 'b'))).ok());
  EXPECT_EQ(writer->log_bytes(), 2048u);  // the last record is in a file of its own
  ASSERT_TRUE(writer->Close().ok());
  EXPECT_THAT(ReadLog(disk),
              ::testing::ElementsAre(std::string(760, 'a'), "", std::string(500, 'b')));
}

TEST(WalWriterTest, CloseProtectsWhatTheIntervalSyncHasSaved) {
  io::SimDisk disk;
  WalOptions options = WithoutSyncs();
  options.sync_interval = std::chrono::milliseconds(1);
  const auto writer = OpenLog(disk, options);
  ASSERT_TRUE(writer->WaitDurable(AppendText(*writer, "kept")).ok());
  while (writer->stats().syncs < 2) std::this_thread::yield();  // the file's, the record's
  ASSERT_TRUE(writer->Close().ok());
  disk.FlipBit(io::JoinPath(kLogDirectory, WalFileName(1)),
               kWalFileHeaderBytes + kWalRecordHeaderBytes, 0);
  EXPECT_EQ(ReplayWal(disk, kLogDirectory, kFirstLsn, [](Lsn, ByteSpan) { return Status::Ok(); })
                .status()
                .code(),
            StatusCode::kCorruption);
}

TEST(WalWriterTest, ACallbackThatComesWhileTheLogClosesIsCalled) {
  io::SimDisk disk;
  const auto writer = OpenLog(disk, WithoutSyncs());
  const Lsn lsn = AppendText(*writer, "record");
  ASSERT_TRUE(writer->WaitDurable(lsn).ok());
  std::atomic<int> asked{0};
  std::atomic<int> called{0};
  disk.SetSyncHook([&](const io::Path&) {  // of Close, whose log thread has ended by then
    ++asked;
    writer->OnDurable(lsn, [&](const Status& status) { called += status.ok() ? 1 : 0; });
  });
  std::thread other([&] { EXPECT_TRUE(writer->Close().ok()); });
  EXPECT_TRUE(writer->Close().ok());
  other.join();
  EXPECT_GE(asked.load(), 1);
  EXPECT_EQ(called.load(), asked.load());
}

TEST(WalWriterTest, ACallbackMayReserveWhenTheBufferIsFull) {
  io::SimDisk disk;
  WalOptions options = SmallFiles();
  options.buffer_bytes_max = 100;
  const auto writer = OpenLog(disk, options);
  ASSERT_TRUE(writer->WaitDurable(AppendText(*writer, "one")).ok());
  AppendText(*writer, std::string(60, 'x'));  // the buffer is full, and nobody waits for it
  Status reserved;
  std::binary_semaphore called(0);
  writer->OnDurable(Lsn{1}, [&](const Status&) {
    reserved = writer->Reserve(60);
    called.release();
  });
  called.acquire();
  EXPECT_TRUE(reserved.ok()) << reserved;
}

// Linux tells a failed writeback to one of two concurrent fdatasyncs of a descriptor; the other one
// returns OK for pages that are lost.
TEST(WalWriterTest, TwoSyncsOfAFileNeverOverlap) {
  io::SimDisk disk;
  WalOptions options = WithoutSyncs();
  options.sync_interval = std::chrono::milliseconds(1);
  const auto writer = OpenLog(disk, options);
  std::atomic<int> inside{0};
  std::atomic<bool> overlapped{false};
  disk.SetSyncHook([&](const io::Path& path) {
    if (path.ends_with(kWalUnfinishedSuffix)) return;  // a spare in the making
    if (++inside > 1) overlapped = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(3));  // gives the other one a chance
    --inside;
  });
  for (int i = 0; i < 40; ++i) {
    const Lsn lsn = AppendText(*writer, std::string(i % 4 == 0 ? 600 : 10, 'x'));
    ASSERT_TRUE(writer->WaitDurable(lsn).ok());
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // the interval sync begins
    if (i % 2 == 0) ASSERT_TRUE(writer->Sync().ok());
  }
  ASSERT_TRUE(writer->Close().ok());
  EXPECT_FALSE(overlapped);
}

TEST(WalWriterTest, IntervalModeAcknowledgesBeforeItSyncs) {
  io::SimDisk disk;
  const auto writer = OpenLog(disk, WithoutSyncs());
  ASSERT_TRUE(writer->WaitDurable(AppendText(*writer, "one")).ok());
  const uint64_t before = disk.steps();
  ASSERT_TRUE(writer->WaitDurable(AppendText(*writer, "two")).ok());
  EXPECT_EQ(disk.steps() - before, 1u);  // the write alone
  ASSERT_TRUE(writer->Sync().ok());
  EXPECT_THAT(ReadLog(*std::make_unique<io::SimDisk>(disk.Reboot())),
              ::testing::ElementsAre("one", "two"));
}

TEST(WalWriterTest, AClosedLogRefusesWork) {
  io::SimDisk disk;
  const auto writer = OpenLog(disk);
  ASSERT_TRUE(writer->Close().ok());
  ASSERT_TRUE(writer->Close().ok());
  EXPECT_EQ(writer->Reserve(1).code(), StatusCode::kUnavailable);
}

// The real file system, with the background thread and the default file size.
TEST(WalWriterTest, WorksOnTheMachinesFileSystem) {
  const io::Path directory =
      ::testing::TempDir() + "/wal_writer_test." + std::to_string(::getpid());
  io::FileSystem& fs = io::FileSystem::Posix();
  auto writer = WalWriter::Open(fs, directory, WalEnd{}, WalOptions{});
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE((*writer)->WaitDurable(AppendText(**writer, "hello")).ok());
  ASSERT_TRUE((*writer)->Close().ok());
  std::string read;
  const auto end = ReplayWal(fs, directory, kFirstLsn, [&](Lsn, ByteSpan payload) {
    read += AsText(payload);
    return Status::Ok();
  });
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(read, "hello");
  const auto names = fs.List(directory);
  for (const std::string& name : *names) ASSERT_TRUE(fs.Remove(io::JoinPath(directory, name)).ok());
  ::rmdir(directory.c_str());
}

}  // namespace
}  // namespace luma::storage
