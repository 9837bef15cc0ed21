// What limits keep out of a write, from the batch that was stored to the answers of its senders.
#pragma once

#include <cstdint>
#include <vector>

#include "model/metrics_source.h"
#include "storage/metrics/cardinality_limits.h"
#include "storage/metrics/write_queue.h"

namespace luma::storage {

// An entry of a batch whose series is new and was not let in.
struct RefusedEntry {
  uint32_t entry;  // number in the batch
  CardinalityRefusal refusal;
};
using RefusedEntries = std::vector<RefusedEntry>;  // ascending

// `refused` of the batch that has all entries of a group, by write of the group.
std::vector<RefusedEntries> SplitByWrite(const WriteGroup& group, const RefusedEntries& refused);

// Moves what was refused from what `summary` calls stored to what it calls refused, and counts it.
void TakeRefused(const SeriesBatch& batch, const RefusedEntries& refused, CardinalityCounts& counts,
                 WriteSummary& summary);

}  // namespace luma::storage
