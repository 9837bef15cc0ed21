// The manifest: a durable log of which segment files, catalog objects and log position make up the
// database. Format and recovery rules: docs/formats/manifest.md.
//
//   CURRENT -> MANIFEST-000007:  header | whole state | edit | edit | ...
#pragma once

#include <memory>
#include <ostream>
#include <string>

#include "base/mutex.h"
#include "base/status.h"
#include "io/file_system.h"
#include "storage/manifest/manifest_file.h"
#include "storage/manifest/manifest_state.h"

namespace luma::storage {

// Random: no two databases have the same.
DatabaseUuid NewDatabaseUuid();

struct ManifestOptions {
  // A file that grows past this is replaced by one that holds the state alone.
  uint64_t file_bytes_max = 64ull << 20;
};

// Threads: every method from any thread; Append blocks for its fsync. The caller holds the lock of
// the data directory.
class Manifest {
 public:
  struct Opened;  // below

  // Reads the manifest of `directory` and writes its state to a new file with the next epoch; makes
  // directory and manifest when there is none. Old files go away last, so a crash at any step
  // leaves a manifest that opens. On a full disk a manifest that exists opens all the same, and the
  // first Append begins the new file. Errors: kCorruption names file and offset and nothing on disk
  // has changed; kUnsupported for a later version.
  static Result<Opened> Open(io::FileSystem& fs, const io::Path& directory,
                             ManifestOptions options = {});
  // The same without writing anything. Errors: also kNotFound.
  static Result<ManifestState> Read(io::FileSystem& fs, const io::Path& directory);

  // Makes the manifest of a database with the contents of `state` in a directory without manifest.
  // Durable on return.
  static Status Create(io::FileSystem& fs, const io::Path& directory, const ManifestState& state);

  ~Manifest();

  // Durable when it returns OK. Errors: kInvalidArgument (see ManifestState::Apply; nothing
  // happened). kDiskFull and kIoError: whether the edit will be there after a restart is not known,
  // so keep the files that it adds or removes. The next Append begins a new file without it and
  // settles the question: OK from then on means that the failed edit is not in the manifest.
  Status Append(const ManifestEdit& edit) LUMA_EXCLUDES(mutex_);

  // OK once the epoch of this start is durable, for who gives names by it: of another start without
  // one they would be the same. Tries to make it so. Errors: as Append; kDiskFull above all.
  Status KeepEpoch() LUMA_EXCLUDES(mutex_);

  // A copy of the state as of the last Append that returned OK.
  ManifestState State() const LUMA_EXCLUDES(mutex_);
  uint64_t file_bytes() const LUMA_EXCLUDES(mutex_);

 private:
  Manifest(io::FileSystem& fs, io::Path directory, ManifestOptions options);
  Status Start(const ManifestState& state) LUMA_EXCLUDES(mutex_);
  Status AppendToFile(const ManifestEdit& edit) LUMA_REQUIRES(mutex_);
  // Writes `state` to the next file and makes CURRENT name it.
  Status StartFile(const ManifestState& state) LUMA_REQUIRES(mutex_);
  void RemoveOtherFiles(uint32_t current) LUMA_REQUIRES(mutex_);

  io::FileSystem& fs_;
  const io::Path directory_;
  const ManifestOptions options_;
  mutable Mutex mutex_;
  ManifestState state_ LUMA_GUARDED_BY(mutex_);
  uint32_t last_number_ LUMA_GUARDED_BY(mutex_) = 0;  // of the newest file ever begun
  bool is_epoch_kept_ LUMA_GUARDED_BY(mutex_) = false;
  // Null: the next Append starts a file.
  std::unique_ptr<ManifestFileWriter> writer_ LUMA_GUARDED_BY(mutex_);
};

struct Manifest::Opened {
  std::unique_ptr<Manifest> manifest;
  ManifestState state;
  bool created = false;  // there was none: a directory with a log and no manifest is damaged
};

// What `lumadb inspect` prints about a MANIFEST file: header, every part of every record, and the
// place of the first damage. An error means that the file could not be read.
Status DescribeManifest(io::FileSystem& fs, const io::Path& path, std::ostream& out);

}  // namespace luma::storage
