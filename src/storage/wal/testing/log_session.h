// A client of the log for tests, with an oracle of what the log owes it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>
#include <string>

#include "base/log.h"
#include "io/file_system.h"
#include "storage/wal/wal_reader.h"
#include "storage/wal/wal_writer.h"

namespace luma::storage::testing {

inline constexpr char kLogDirectory[] = "/data/wal";

// Small files, so that a short session rotates and recycles; no background thread, so that I/O
// steps have the same numbers in every run.
inline WalOptions SmallFiles() {
  return {.segment_bytes = 1024, .spare_files_max = 2, .background_spares = false};
}

// The log reports every simulated failure; a test run has thousands.
inline void SilenceLog() { SetLogLevel(LogLevel::kOff); }

// What was asked of the log over all its lives, and what it promised.
struct LogOracle {
  std::map<Lsn, std::string> written;  // the last payload given to each number
  Lsn acknowledged = kNoLsn;
  Lsn checkpoint = kFirstLsn;  // records below may be gone
  uint64_t generation = 0;     // makes payloads of different lives different
};

// Replays and checks that the log holds, in order, what was written: all that was acknowledged and
// nothing that was never written or was dropped before. Forgets records that a crash has dropped.
inline Result<WalEnd> ReplayAndCheck(io::FileSystem& fs, LogOracle& oracle) {
  Lsn expected = oracle.checkpoint;
  auto end =
      ReplayWal(fs, kLogDirectory, oracle.checkpoint, [&](Lsn lsn, ByteSpan payload) -> Status {
        EXPECT_EQ(ToNumber(lsn), ToNumber(expected)) << "a record is missing or doubled";
        EXPECT_TRUE(oracle.written.contains(lsn)) << "invented lsn " << ToNumber(lsn);
        EXPECT_EQ(oracle.written[lsn], AsText(payload)) << "wrong lsn " << ToNumber(lsn);
        expected = Next(lsn);
        return Status::Ok();
      });
  if (!end.ok()) return end;
  EXPECT_EQ(ToNumber(Next(end->last_lsn)), ToNumber(expected));
  EXPECT_GE(ToNumber(end->last_lsn), ToNumber(oracle.acknowledged)) << "lost acknowledged records";
  oracle.written.erase(oracle.written.upper_bound(end->last_lsn), oracle.written.end());
  oracle.acknowledged = end->last_lsn;  // seen by the caller, so it must stay
  return end;
}

struct SessionOptions {
  WalOptions wal = SmallFiles();
  int commits = 20;
  bool checkpoints = true;  // every seventh commit
  bool close = true;        // false: the process is killed after the last commit
};

// Opens the log as a server does at start, commits groups of records, takes checkpoints. Stops at
// the first error and returns it.
inline Status RunSession(io::FileSystem& fs, LogOracle& oracle, SessionOptions options = {}) {
  LUMA_ASSIGN_OR_RETURN(const WalEnd end, ReplayAndCheck(fs, oracle));
  LUMA_ASSIGN_OR_RETURN(const auto writer, WalWriter::Open(fs, kLogDirectory, end, options.wal));
  std::mt19937_64 random(++oracle.generation);
  for (int commit = 0; commit < options.commits; ++commit) {
    Lsn last = kNoLsn;
    for (uint64_t i = 0, count = 1 + random() % 3; i < count; ++i) {
      const uint64_t size_max = random() % 16 == 0 ? 2000 : 120;  // some need a file of their own
      std::string payload(random() % size_max, static_cast<char>('a' + random() % 26));
      payload += std::to_string(oracle.generation);
      LUMA_RETURN_IF_ERROR(writer->Reserve(payload.size()));
      last = writer->Append(AsBytes(payload));
      oracle.written[last] = payload;
    }
    LUMA_RETURN_IF_ERROR(writer->WaitDurable(last));
    if (options.wal.sync == WalSync::kAlways) oracle.acknowledged = last;
    if (options.checkpoints && commit % 7 == 6) {
      LUMA_RETURN_IF_ERROR(writer->Sync());
      oracle.acknowledged = last;
      oracle.checkpoint = last;  // keeps the last record
      LUMA_RETURN_IF_ERROR(writer->Truncate(oracle.checkpoint));
    }
  }
  if (!options.close) return Status::Ok();
  LUMA_RETURN_IF_ERROR(writer->Close());
  oracle.acknowledged = writer->last_lsn();
  return Status::Ok();
}

}  // namespace luma::storage::testing
