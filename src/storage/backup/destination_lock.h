// Keeps backups and deletions of one database from running into each other.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "io/object_store.h"
#include "storage/manifest/manifest_state.h"

namespace luma::storage {

enum class DestinationUse : uint8_t { kBackup, kDelete };

// An object, so a crash leaves it behind: the next holder of the same use takes it over, and the
// caller sees to it that two of one use never run at once (a database has one server). Removed by
// the destructor. Lifetime: `store` outlives it.
class DestinationLock {
 public:
  // Errors: kUnavailable, with a hint, while it is there for the other use.
  static Result<std::unique_ptr<DestinationLock>> Take(io::ObjectStore& store,
                                                       const DatabaseUuid& uuid, DestinationUse use,
                                                       const Clock& clock);
  // Whether it is there for that use. Errors: those of the store.
  static Result<bool> IsHeldFor(io::ObjectStore& store, const DatabaseUuid& uuid,
                                DestinationUse use);
  ~DestinationLock();
  DestinationLock(const DestinationLock&) = delete;
  DestinationLock& operator=(const DestinationLock&) = delete;

 private:
  DestinationLock(io::ObjectStore& store, std::string key) : store_(store), key_(std::move(key)) {}

  io::ObjectStore& store_;
  const std::string key_;
};

}  // namespace luma::storage
