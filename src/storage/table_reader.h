// How somebody reads tables: all as of one moment, with changes of his own if he has made some.
#pragma once

#include <functional>

#include "base/status.h"
#include "storage/catalog.h"
#include "storage/table_snapshot.h"

namespace luma::storage {

// Threads and errors: as whoever makes it says; without a word, any thread, and those of
// Transaction::Read.
using TableReader = std::function<Result<TableSnapshotPtr>(ObjectId)>;

}  // namespace luma::storage
