// Strings in one-byte codes for frequent substrings: FSST, Boncz, Neumann and Leis, VLDB 2020. Any
// string can be decoded alone, and all of them a few times as fast as zstd decodes them. Bytes:
// docs/formats/fsst.md.
#pragma once

#include <span>

#include "base/bytes.h"
#include "base/column.h"
#include "encoding/aligned_buffer.h"
#include "encoding/fsst_symbols.h"

namespace luma::encoding {

// The bytes of the codes of `pieces`, for estimates.
size_t FsstCodeBytes(const SymbolTable& table, std::span<const std::string_view> pieces);

// Appends the payload. The table's symbols are in the order of their lengths.
void EncodeFsst(std::span<const StringRef> strings, const SymbolTable& table, Bytes& out);

// Fills `out` with references into `heap`, which it allocates; takes all bytes of `reader`.
// Memory: eight times the bytes of `reader`, whatever they declare, and out.size() words.
// False: the bytes are not such a payload; `out` is then unspecified.
[[nodiscard]] bool DecodeFsst(ByteReader& reader, std::span<StringRef> out, AlignedBuffer& heap);

}  // namespace luma::encoding
