// Whether log records can be replayed over the checkpoint of a backup.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "base/bytes.h"
#include "base/status.h"
#include "storage/manifest/manifest_state.h"
#include "storage/wal/lsn.h"

namespace luma::storage {

// Deletes in the log name positions in a run. A flush that sorts rows and a merge give them others,
// and say nothing about it in the log; so what was deleted afterwards cannot be told from a
// checkpoint that is older. Each delete names the layout of its positions, which tells. Deletes
// that also say what the rows held are replayed all the same: those of a server with an archive.
// Threads: any.
class LayoutCheck {
 public:
  explicit LayoutCheck(const ManifestState& checkpoint);

  // Errors: kOutOfRange, with a hint, for such a delete; kCorruption.
  Status Check(Lsn lsn, ByteSpan payload) const;

 private:
  const Lsn checkpoint_;                                    // older records change no run of it
  std::map<std::pair<ObjectId, RunId>, uint32_t> layouts_;  // 0 for all others: replay makes them
};

}  // namespace luma::storage
