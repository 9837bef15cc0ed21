// Runs of strings as their lengths followed by their bytes. Bytes: docs/formats/block.md.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/column.h"
#include "encoding/aligned_buffer.h"
#include "encoding/patched_packing.h"

namespace luma::encoding {

void EncodeStrings(std::span<const StringRef> strings, Patching patching, Bytes& out);

// Fills `out` with references into `heap`, which it allocates; takes all bytes of `reader`.
// False: the bytes are not such an encoding; `out` is then unspecified.
[[nodiscard]] bool DecodeStrings(ByteReader& reader, std::span<StringRef> out, AlignedBuffer& heap);

}  // namespace luma::encoding
