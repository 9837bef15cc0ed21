// Which rows are null, as raw bits or run lengths, whichever is smaller, and moving values between
// all rows and the rows that have one. Bytes: docs/formats/block.md.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/column.h"
#include "encoding/aligned_buffer.h"

namespace luma::encoding {

uint32_t CountValid(const uint64_t* words, uint32_t row_count);

void EncodeValidity(const uint64_t* words, uint32_t row_count, Bytes& out);

// Allocates `words`, ValidityWords(row_count) of them, with zero bits past the last row.
// False: the bytes are not such an encoding.
[[nodiscard]] bool DecodeValidity(ByteReader& reader, uint32_t row_count, AlignedBuffer& words);

// Copies the values of the rows that are not null to the front of `out`.
void CompactValues(const ColumnSpan& column, std::byte* out);

// The opposite, in place: `values` has room for row_count values and begins with those of the valid
// rows. Null rows become zero bytes.
void ExpandValues(const uint64_t* words, uint32_t row_count, size_t value_bytes, std::byte* values);

}  // namespace luma::encoding
