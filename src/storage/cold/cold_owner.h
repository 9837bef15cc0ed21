// Which data directory may change a cold tier, and whether its object store is the right one:
// docs/adr/0011-cold-owner.md. Bytes and rules: docs/formats/cold_owner.md.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/status.h"
#include "io/file_system.h"
#include "io/object_store.h"

namespace luma::storage {

using OwnerToken = std::string;  // 32 hexadecimal digits

// The object, and what it says; nothing for damage.
std::string OwnerObjectText(const OwnerToken& token);
std::optional<OwnerToken> ParseOwnerObject(std::string_view text);

// The file.
struct OwnerTokens {
  std::optional<OwnerToken> proven;
  std::optional<OwnerToken> pending;
};
std::string OwnerFileText(const OwnerTokens& tokens);
// Errors: kCorruption.
Result<OwnerTokens> ParseOwnerFile(std::string_view text);

// Threads: every method from any thread. Lifetime: `fs` outlives it.
class ColdOwner {
 public:
  // `path` of the file, `key` of the object. Does no I/O.
  ColdOwner(io::FileSystem& fs, io::Path path, std::shared_ptr<io::ObjectStore> store,
            std::string key)
      : fs_(fs), path_(std::move(path)), store_(std::move(store)), key_(std::move(key)) {}

  // Before something is changed below the prefix. Errors: kReadOnly when another server was there,
  // kUnavailable when the store lacks the mark or does not answer, kCorruption for a damaged mark
  // or file, those of the local disk. Nothing may be changed then.
  Status Claim() LUMA_EXCLUDES(mutex_);
  // For who misses an object: kUnavailable when the store lacks the mark that it once had. OK when
  // it has one, and when there never was any.
  Status CheckMark() LUMA_EXCLUDES(mutex_);

 private:
  Status Load() LUMA_REQUIRES(mutex_);
  Status Save(OwnerTokens tokens) LUMA_REQUIRES(mutex_);
  // Puts `token` into the object, in the place of what this data directory left there.
  Status Renew(const OwnerToken& token) LUMA_REQUIRES(mutex_);
  // Whether the object, null when missing, is what this data directory left behind.
  Status Judge(const io::VersionedBytes* there) const LUMA_REQUIRES(mutex_);
  Status Put(const io::VersionedBytes* there, const std::string& text);
  Status Prove(const OwnerToken& token);
  Status MarkIsMissing() const;

  io::FileSystem& fs_;
  const io::Path path_;
  const std::shared_ptr<io::ObjectStore> store_;
  const std::string key_;
  Mutex mutex_;
  std::optional<OwnerTokens> tokens_ LUMA_GUARDED_BY(mutex_);  // once loaded
};

}  // namespace luma::storage
