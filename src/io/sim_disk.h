// An in-memory FileSystem for crash tests. It remembers what was synced and what was not, can lose
// power at any I/O step, and after Reboot() shows what a merciless disk may show.
//
// Steps: every call that changes something (Create, Append, WriteAt, Preallocate, Sync, Rename,
// Remove, SyncDirectory, CreateDirectories) is one step, numbered from 0.
//
// The model of a power loss:
//  - Synced bytes survive. Of the unsynced 512-byte sectors a seeded random subset does, in any
//    order; a sector is old or new, never mixed. An unsynced size may survive anywhere in between.
//  - Directory operations (create, rename, remove) not yet covered by SyncDirectory survive or not,
//    seeded; one that depends on an earlier one (same name or same file) survives only with it.
//    Syncing a file does not save its name.
//  - A failed Sync marks its sectors clean although only some reached the disk, as Linux does: a
//    second Sync returns OK and saves nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "io/file_system.h"

namespace luma::io {

// Makes the call of number `step` fail with `code` (kIoError or kDiskFull), and all later ones too
// if `forever`. A failed write may have written any prefix; a failed rename did nothing.
struct SimFault {
  uint64_t step = 0;
  StatusCode code = StatusCode::kIoError;
  bool forever = false;
};

struct SimDiskOptions {
  // The call of this number happens unsynced (so any part of it may survive) and returns kIoError;
  // so does every call after it.
  std::optional<uint64_t> power_loss_step = std::nullopt;
  uint64_t seed = 1;
  uint64_t capacity_bytes = UINT64_MAX;  // of all files; writes past it yield kDiskFull
  std::optional<SimFault> fault = std::nullopt;
  bool reads_are_steps = false;  // also numbers OpenForRead, ReadSome, List, Exists, FileSize
};

// Threads: every method from any thread. Files keep the disk's state alive.
class SimDisk final : public FileSystem {
 public:
  explicit SimDisk(SimDiskOptions options = {});
  ~SimDisk() override;
  SimDisk(SimDisk&&) noexcept;
  SimDisk& operator=(SimDisk&&) noexcept;

  // The disk as the next start finds it after a power cut now. This object stays as it is and the
  // result is independent of it: calling twice gives the same disk twice.
  SimDisk Reboot(SimDiskOptions next = {}) const;
  // The disk as the next process finds it after kill -9: every byte written is there, synced or
  // not.
  SimDisk Restart(SimDiskOptions next = {}) const;

  uint64_t steps() const;
  bool power_lost() const;
  void SetCapacity(uint64_t bytes);
  void SetFault(std::optional<SimFault> fault);
  // Runs in every Sync of a file, before it does anything, on the caller's thread and without
  // locks: tests of concurrency arrange here what happens meanwhile. Not inherited by Reboot and
  // Restart.
  void SetSyncHook(std::function<void(const Path&)> hook);

  // Damage, for corruption tests: durable at once, no step. The path and offset must exist.
  void FlipBit(const Path& path, uint64_t offset, int bit);

  Result<std::shared_ptr<const RandomAccessFile>> OpenForRead(const Path& path) override;
  Result<std::unique_ptr<WritableFile>> Create(const Path& path, CreateMode mode) override;
  Result<std::unique_ptr<WritableFile>> OpenForWrite(const Path& path) override;
  Status Rename(const Path& from, const Path& to) override;
  Status Remove(const Path& path) override;
  Status SyncDirectory(const Path& path) override;
  Status CreateDirectories(const Path& path) override;
  Result<std::vector<std::string>> List(const Path& path) override;
  Result<bool> Exists(const Path& path) override;
  Result<bool> IsDirectory(const Path& path) override;
  Result<uint64_t> FileSize(const Path& path) override;
  Result<uint64_t> FreeBytes(const Path& path) override;
  Result<std::unique_ptr<DirectoryLock>> LockDirectory(const Path& directory) override;

  class State;  // defined in sim_disk.cc

 private:
  std::shared_ptr<State> state_;
};

// Runs `work` on a fresh disk without faults and returns the number of steps it took.
uint64_t CountIoSteps(const std::function<void(SimDisk&)>& work, SimDiskOptions options = {});

}  // namespace luma::io
