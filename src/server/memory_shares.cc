#include "server/memory_shares.h"

#include <algorithm>

#include "base/check.h"
#include "server/machine_memory.h"

namespace luma::server {
namespace {

constexpr uint64_t kMiB = 1ull << 20;

// Code, stacks and what is in no account: 40 MiB when idle. What the allocator has beside what was
// asked of it grows with use: measured in bench/results/memory.md.
constexpr uint64_t kReserveBytes = 48 * kMiB;
constexpr uint64_t kReservePercent = 34;

constexpr uint64_t kQueryShare = 6;
constexpr uint64_t kQueryBytesMin = 64 * kMiB;
constexpr uint64_t kBodyShare = 16;
constexpr uint64_t kBodyBytesMax = 256 * kMiB;
constexpr uint64_t kStorageBytesMin = 64 * kMiB;

// Of storage.memory_limit. A flush takes up to half of what it writes, and rows come in meanwhile.
constexpr uint64_t kHotShare = 4;
constexpr uint64_t kHotBytesMax = 256 * kMiB;
constexpr uint64_t kLogBytesMax = 512 * kMiB;
constexpr uint64_t kLogLimitFactor = 4;
constexpr uint64_t kMergeShare = 16;
constexpr uint64_t kMergeBytesMax = 64 * kMiB;

void SetIfZero(ByteCount& count, uint64_t bytes) {
  if (count.bytes == 0) count.bytes = bytes;
}

uint64_t Minus(uint64_t from, uint64_t what) { return from - std::min(from, what); }

}  // namespace

uint64_t MemoryLimitBytes(const Config& config) {
  const auto bytes = ParseMemoryAmount(config.general.memory_limit, MachineMemoryBytes());
  LUMA_CHECK(bytes.ok());
  return *bytes;
}

Config WithMemoryShares(Config config) {
  const uint64_t limit = MemoryLimitBytes(config);
  SetIfZero(config.query.memory_limit, std::max(kQueryBytesMin, limit / kQueryShare));
  SetIfZero(config.server.body_memory, std::max(2 * config.server.body_limit.bytes,
                                                std::min(kBodyBytesMax, limit / kBodyShare)));
  const uint64_t others =
      kReserveBytes + limit / 100 * kReservePercent + config.query.memory_limit.bytes;
  SetIfZero(config.storage.memory_limit, std::max(kStorageBytesMin, Minus(limit, others)));

  const uint64_t storage = config.storage.memory_limit.bytes;
  SetIfZero(config.storage.flush_hot_bytes, std::min(kHotBytesMax, storage / kHotShare));
  SetIfZero(config.storage.flush_wal_bytes, std::min(kLogBytesMax, storage));
  SetIfZero(config.wal.bytes_max, kLogLimitFactor * config.storage.flush_wal_bytes.bytes);
  SetIfZero(config.compaction.memory_limit, std::min(kMergeBytesMax, storage / kMergeShare));
  return config;
}

}  // namespace luma::server
