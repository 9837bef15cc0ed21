// Whole objects by key: the seam of the cold tier. Stores: a directory (io/local_object_store.h),
// S3 (io/s3/s3_object_store.h), memory with scripted faults (io/sim_object_store.h).
//
// A key is 1..1024 bytes of '/'-separated parts made of letters, digits and "._-=", no part being
// "." or ".." or ending in ".tmp"; anything else is kInvalidArgument. No key may be a folder of
// another one ("a" beside "a/b"), which a directory could not hold.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "io/file_system.h"

namespace luma::io {

struct ObjectInfo {
  std::string key;
  uint64_t size_bytes = 0;
};

// Names one content of an object. Opaque, compared for equality only; the same bytes put twice may
// have the same version.
using ObjectVersion = std::string;

struct VersionedBytes {
  Bytes bytes;
  ObjectVersion version;
};

// What an object must hold; VerifyObject compares.
struct ObjectDigest {
  uint64_t size_bytes = 0;
  uint32_t crc32c = 0;  // of all bytes, base/crc32c.h
  bool operator==(const ObjectDigest&) const = default;
};

// What PutFile and VerifyObject hold in memory at most; PutFile a ten-thousandth of a file of more
// than 80 GB.
inline constexpr uint64_t kTransferBytes = 8 << 20;

// Threads: every method from any thread; all of them block but CancelCalls.
// Errors: kNotFound for a missing key. kUnavailable when the store does not answer or answers "try
// later" for longer than the store's own patience, kPermissionDenied when it refuses the caller,
// kIoError and kDiskFull from a local disk: after these, what was to be written may be there or
// not, but never a part of it: readers see whole objects only. kCancelled, see CancelCalls, leaves
// as much in doubt. A store may hold bytes that are not
// the ones sent, or have lost them: who needs certainty calls VerifyObject.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // Creates or replaces. Durable on return.
  virtual Status Put(const std::string& key, ByteSpan bytes) = 0;
  // Put of the whole file at `path`, in pieces: memory does not grow with the file. Returns the
  // digest of the bytes read from the file. A call after an error starts over. Of a multipart
  // upload that a crash cut off, nothing is ever visible.
  virtual Result<ObjectDigest> PutFile(const std::string& key, FileSystem& fs,
                                       const Path& path) = 0;
  // Creates; kAlreadyExists if the key is taken. Of racing callers with different bytes exactly one
  // gets OK.
  virtual Status PutIfAbsent(const std::string& key, ByteSpan bytes) = 0;
  // Replaces the content of version `expected` and returns the new version; kConflict when the
  // object has another version or is missing. Of racing callers with different bytes exactly one
  // gets OK. kUnsupported when the store ignores conditions.
  virtual Result<ObjectVersion> Replace(const std::string& key, ByteSpan bytes,
                                        const ObjectVersion& expected) = 0;

  virtual Result<VersionedBytes> GetVersioned(const std::string& key) = 0;
  // Exactly `length` bytes from `offset`; a range past the end is kOutOfRange.
  virtual Result<Bytes> GetRange(const std::string& key, uint64_t offset, uint64_t length) = 0;
  virtual Result<ObjectInfo> Head(const std::string& key) = 0;
  // Objects whose key starts with `prefix`, sorted by key. A store may lag behind its changes here.
  virtual Result<std::vector<ObjectInfo>> List(const std::string& prefix) = 0;
  // OK also when the key is missing, as in S3.
  virtual Status Delete(const std::string& key) = 0;

  // Removes what writes of keys that start with `prefix` have left behind when a crash cut them
  // off, which no reader sees but which takes room; returns how many. Nobody may be writing there.
  virtual Result<uint64_t> RemoveLeftovers(const std::string& /*prefix*/) { return uint64_t{0}; }
  // Calls under way that would have to wait for a store, or move much, end soon, with kCancelled.
  // Later ones are not concerned: see ClosableObjectStore.
  virtual void CancelCalls() {}

  Result<Bytes> Get(const std::string& key);
};

Status CheckObjectKey(const std::string& key);
// kOutOfRange unless [offset, offset + length) lies within `size_bytes`.
Status CheckObjectRange(const std::string& key, uint64_t offset, uint64_t length,
                        uint64_t size_bytes);

// Reads the object back and compares: the proof that an upload arrived, after which the local copy
// may go. The store's own answers prove less: an ETag is a digest of the bytes for some stores and
// uploads only. Errors: kCorruption naming the key and what differs, also for a missing object;
// else those of GetRange. Memory: 4 MiB.
Status VerifyObject(ObjectStore& store, const std::string& key, const ObjectDigest& expected);

}  // namespace luma::io
