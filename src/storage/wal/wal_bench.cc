// Latency and throughput of commits at 1, 8 and 64 writers in each sync mode, and the speed of
// replay. Writes below the system's directory for temporary files (TMPDIR). Results:
// bench/results/wal.md.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <semaphore>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "io/file_system.h"
#include "storage/wal/wal_reader.h"
#include "storage/wal/wal_writer.h"

namespace luma::storage {
namespace {

constexpr size_t kPayloadBytes = 200;         // about one small row with its headers
constexpr uint64_t kTruncateEvery = 100'000;  // records, as a checkpoint would

io::Path FreshDirectory() {
  const auto path = std::filesystem::temp_directory_path() / "luma_wal_bench";
  std::filesystem::remove_all(path);
  return path.string();
}

// The log all threads of one benchmark share, with the sequencer's mutex.
struct SharedLog {
  explicit SharedLog(WalSync sync) {
    WalOptions options;
    options.sync = sync;
    auto opened = WalWriter::Open(io::FileSystem::Posix(), FreshDirectory(), WalEnd{}, options);
    LUMA_CHECK(opened.ok());
    writer = *std::move(opened);
  }

  Lsn Append(ByteSpan payload) {
    MutexLock lock(sequencer);
    LUMA_CHECK(writer->Reserve(payload.size()).ok());
    return writer->Append(payload);
  }
  void Checkpoint(Lsn lsn) {
    if (ToNumber(lsn) % kTruncateEvery == 0) LUMA_CHECK(writer->Truncate(lsn).ok());
  }

  Mutex sequencer;
  std::unique_ptr<WalWriter> writer;
};

std::unique_ptr<SharedLog> g_log;  // set up before the threads of a benchmark start

void SetUpLog(const benchmark::State& state) {
  g_log = std::make_unique<SharedLog>(static_cast<WalSync>(state.range(0)));
}
void TearDownLog(const benchmark::State&) { g_log.reset(); }

double Microseconds(std::vector<double>& seconds, double quantile) {
  const auto at =
      seconds.begin() + static_cast<ptrdiff_t>(quantile * static_cast<double>(seconds.size() - 1));
  std::nth_element(seconds.begin(), at, seconds.end());
  return *at * 1e6;
}

void ReportLatency(benchmark::State& state, std::vector<double>& seconds) {
  using benchmark::Counter;
  state.counters["p50_us"] = Counter(Microseconds(seconds, 0.5), Counter::kAvgThreads);
  state.counters["p99_us"] = Counter(Microseconds(seconds, 0.99), Counter::kAvgThreads);
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() != 0) return;
  const WalStats stats = g_log->writer->stats();
  state.counters["records_per_round"] =
      static_cast<double>(stats.records) / static_cast<double>(std::max<uint64_t>(stats.groups, 1));
}

// One iteration = one commit: append under the sequencer's mutex, wait until it is acknowledged.
void BM_Commit(benchmark::State& state) {
  const std::string payload(kPayloadBytes, 'p');
  std::vector<double> seconds;
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    const Lsn lsn = g_log->Append(AsBytes(payload));
    LUMA_CHECK(g_log->writer->WaitDurable(lsn).ok());
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    g_log->Checkpoint(lsn);
  }
  ReportLatency(state, seconds);
}
BENCHMARK(BM_Commit)
    ->ArgNames({"sync"})
    ->Arg(static_cast<int>(WalSync::kAlways))
    ->Arg(static_cast<int>(WalSync::kInterval))
    ->Arg(static_cast<int>(WalSync::kOff))
    ->Threads(1)
    ->Threads(8)
    ->Threads(64)
    ->UseRealTime()
    ->Setup(SetUpLog)
    ->Teardown(TearDownLog);

// As BM_Commit, but the log thread does the I/O and calls back: what the caller's own round in
// WaitDurable saves.
void BM_CommitByCallback(benchmark::State& state) {
  const std::string payload(kPayloadBytes, 'p');
  std::vector<double> seconds;
  std::binary_semaphore done(0);
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    const Lsn lsn = g_log->Append(AsBytes(payload));
    g_log->writer->OnDurable(lsn, [&](const Status& status) {
      LUMA_CHECK(status.ok());
      done.release();
    });
    done.acquire();
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    g_log->Checkpoint(lsn);
  }
  ReportLatency(state, seconds);
}
BENCHMARK(BM_CommitByCallback)
    ->ArgNames({"sync"})
    ->Arg(static_cast<int>(WalSync::kAlways))
    ->Arg(static_cast<int>(WalSync::kOff))
    ->UseRealTime()
    ->Setup(SetUpLog)
    ->Teardown(TearDownLog);

// Commits by callback every `interval` until it is destroyed, as a sender that has little to send.
class SlowSender {
 public:
  explicit SlowSender(std::chrono::microseconds interval)
      : thread_([interval](const std::stop_token& stop) { Run(interval, stop); }) {}

 private:
  static void Run(std::chrono::microseconds interval, const std::stop_token& stop) {
    const std::string payload(kPayloadBytes, 's');
    std::binary_semaphore done(0);
    while (!stop.stop_requested()) {
      g_log->writer->OnDurable(g_log->Append(AsBytes(payload)),
                               [&](const Status&) { done.release(); });
      done.acquire();
      std::this_thread::sleep_for(interval);
    }
  }

  std::jthread thread_;
};

// BM_CommitByCallback beside a sender that commits every so many microseconds: what the wait for
// that one costs this one.
void BM_CommitBesideASlowSender(benchmark::State& state) {
  const SlowSender slow{std::chrono::microseconds(state.range(1))};
  BM_CommitByCallback(state);
}
BENCHMARK(BM_CommitBesideASlowSender)
    ->ArgNames({"sync", "every_us"})
    ->Args({static_cast<int>(WalSync::kAlways), 50'000})
    ->Args({static_cast<int>(WalSync::kAlways), 3'000})
    ->Args({static_cast<int>(WalSync::kAlways), 300})
    ->UseRealTime()
    ->Setup(SetUpLog)
    ->Teardown(TearDownLog);

// The floor under BM_Commit/sync:0/threads:1: what the disk takes for the same write.
void BM_OverwriteAndFdatasync(benchmark::State& state) {
  auto& fs = io::FileSystem::Posix();
  const io::Path directory = FreshDirectory();
  LUMA_CHECK(fs.CreateDirectories(directory).ok());
  auto file = fs.Create(io::JoinPath(directory, "file"), io::CreateMode::kTruncate);
  LUMA_CHECK(file.ok());
  const bool preallocated = state.range(0) != 0;
  if (preallocated) LUMA_CHECK((*file)->Preallocate(32 << 20).ok() && (*file)->Sync().ok());
  const Bytes record(kPayloadBytes + kWalRecordHeaderBytes);
  std::vector<double> seconds;
  uint64_t offset = 0;
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    LUMA_CHECK((*file)->WriteAt(offset, record).ok() && (*file)->Sync().ok());
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    offset = (offset + record.size()) % (31 << 20);
  }
  state.counters["p50_us"] = Microseconds(seconds, 0.5);
  state.counters["p99_us"] = Microseconds(seconds, 0.99);
}
BENCHMARK(BM_OverwriteAndFdatasync)->ArgNames({"preallocated"})->Arg(0)->Arg(1)->UseRealTime();

// Bytes per second of records in the page cache handed to a callback that does nothing.
void BM_Replay(benchmark::State& state) {
  constexpr uint64_t kLogBytes = 256 << 20;
  const auto payload_bytes = static_cast<size_t>(state.range(0));
  auto& fs = io::FileSystem::Posix();
  const io::Path directory = FreshDirectory();
  WalOptions options;
  options.sync = WalSync::kOff;
  auto writer = WalWriter::Open(fs, directory, WalEnd{}, options);
  LUMA_CHECK(writer.ok());
  const std::string payload(payload_bytes, 'p');
  for (uint64_t bytes = 0; bytes < kLogBytes; bytes += payload_bytes) {
    LUMA_CHECK((*writer)->Reserve(payload.size()).ok());
    (*writer)->Append(AsBytes(payload));
  }
  LUMA_CHECK((*writer)->Close().ok());
  uint64_t bytes = 0;
  for (auto _ : state) {
    const auto end = ReplayWal(fs, directory, kFirstLsn, [&](Lsn, ByteSpan record) {
      bytes += record.size();
      return Status::Ok();
    });
    LUMA_CHECK(end.ok());
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}
BENCHMARK(BM_Replay)->ArgNames({"payload"})->Arg(200)->Arg(20'000)->UseRealTime();

// From nothing to the first durable commit in an empty directory.
void BM_FirstCommit(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    const io::Path directory = FreshDirectory();
    state.ResumeTiming();
    auto writer = WalWriter::Open(io::FileSystem::Posix(), directory, WalEnd{}, WalOptions{});
    LUMA_CHECK(writer.ok() && (*writer)->Reserve(kPayloadBytes).ok());
    LUMA_CHECK((*writer)->WaitDurable((*writer)->Append(Bytes(kPayloadBytes))).ok());
    state.PauseTiming();
    writer->reset();
    state.ResumeTiming();
  }
}
BENCHMARK(BM_FirstCommit)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(10);

}  // namespace
}  // namespace luma::storage
