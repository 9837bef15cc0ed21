// Which backup a restore begins with, and where it ends. Pure but for reading the destination.
#pragma once

#include "storage/backup/restore.h"

namespace luma::storage {

// Errors: see Restore.
Result<Backup> ChooseBackup(io::ObjectStore& store, const RestoreTarget& target);

// Whether a restore of `backup` to `target` has the record.
bool IsWithin(const Backup& backup, const RestoreTarget& target, Lsn lsn, ByteSpan payload);

}  // namespace luma::storage
