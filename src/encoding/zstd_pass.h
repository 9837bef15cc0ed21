// The second pass: zstd over an encoded payload. Threads: any; each keeps its own contexts.
#pragma once

#include "base/bytes.h"
#include "encoding/aligned_buffer.h"

namespace luma::encoding {

// Appends the compressed form of `payload`, which begins with its size, if that is at most seven
// eighths of it; otherwise leaves `out` alone and returns false.
bool AppendCompressed(ByteSpan payload, int level, Bytes& out);

// Undoes AppendCompressed; allocates at most kExpansionMax times the compressed size and a little.
// False: not such bytes.
[[nodiscard]] bool Decompress(ByteSpan compressed, AlignedBuffer& payload);

}  // namespace luma::encoding
