// Which backups a destination has, and removing one.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "io/object_store.h"
#include "storage/backup/backup_format.h"

namespace luma::storage {

struct ListedBackup {
  std::string id;
  Result<Backup> backup;  // kCorruption, kUnsupported: it is there and cannot be read
};

// In order of time. Reads every manifest. Errors: those of the store.
Result<std::vector<ListedBackup>> ListBackups(io::ObjectStore& store);

// Errors: kNotFound, kCorruption, kUnsupported; those of the store.
Result<Backup> ReadBackup(io::ObjectStore& store, const std::string& id);

// Removes a backup, and what no other one of its database needs: segment files, and log from before
// the oldest that is left. Of one that cannot be read only the manifest goes; while there is
// another of which nobody can say what it needs, nothing else does.
// Returns the bytes removed. Errors: kNotFound; kUnavailable while a backup is made; those of the
// store, after which the same call, or the next deletion, removes what this one has not.
Result<uint64_t> DeleteBackup(io::ObjectStore& store, const std::string& id, const Clock& clock);

}  // namespace luma::storage
