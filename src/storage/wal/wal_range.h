// Reads records of a log that is being written.
#pragma once

#include "io/file_system.h"
#include "storage/wal/lsn.h"
#include "storage/wal/wal_reader.h"

namespace luma::storage {

// Hands out the records `from` .. `through`, in order, once each, checked as ReplayWal checks them.
// The caller holds a WalPin on `from`, and all records up to `through` are acknowledged; nothing
// behind them is looked at, since it may be half written. Changes nothing. Memory: one log file.
// Errors: kCorruption names file and offset; kIoError; those of `callback`.
Status ReadWalRange(io::FileSystem& fs, const io::Path& directory, Lsn from, Lsn through,
                    const WalRecordCallback& callback);

}  // namespace luma::storage
