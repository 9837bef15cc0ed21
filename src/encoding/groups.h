// Groups: a column whose rows come in groups that have nothing to do with each other, such as the
// samples of one series after another, as one inner block per group, each with the codec that suits
// it. Groups of the same bytes are kept once. Internal to block.h. Bytes: docs/formats/block.md.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/column.h"
#include "encoding/payload.h"

namespace luma::encoding {

// Whether groups of these lengths are long enough to be worth a block each.
bool WorthGrouping(std::span<const uint32_t> group_rows);

// Appends the payload. `group_rows` add up to column.count, none is 0; validity is ignored. The
// type is any but kBytes.
void EncodeGroups(const ColumnSpan& column, std::span<const uint32_t> group_rows, Bytes& out);

// Decodes `count` values to `out`; `of_groups` is the scope of the blocks in the payload. False:
// not such a payload; `out` is then unspecified. Memory: O(count), whatever the payload declares.
[[nodiscard]] bool DecodeGroups(PhysicalType type, uint32_t count, ByteSpan payload,
                                DecodeScope of_groups, std::byte* out);

}  // namespace luma::encoding
