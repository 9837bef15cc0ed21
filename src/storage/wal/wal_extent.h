// How much log there is, for reports.
#pragma once

#include <cstdint>

#include "storage/wal/lsn.h"

namespace luma::storage {

struct WalExtent {
  uint64_t files = 0;  // spares not counted
  uint64_t bytes = 0;  // of these files, whose ends may be unused yet
  // Of the oldest record that a file has room for; kNoLsn without files.
  Lsn first_lsn = kNoLsn;
  Lsn last_lsn = kNoLsn;          // last appended
  Lsn acknowledged_lsn = kNoLsn;  // all up to here are acknowledged
};

}  // namespace luma::storage
