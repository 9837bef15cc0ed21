// Whether FSST should replace what a block of strings has. Internal to block.h.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/column.h"
#include "encoding/block.h"

namespace luma::encoding {

constexpr bool IsFsst(CodecId codec) {
  return codec == CodecId::kFsst || codec == CodecId::kFsstDictionary;
}

struct FsstPayload {
  CodecId codec = CodecId::kFsst;
  Bytes bytes;
};

// The payload with its strings as FSST, if that takes at most `bytes_max`: kPlain becomes kFsst,
// kDictionary kFsstDictionary. `payload` is what EncodePayload() wrote for `codec`; `column` are
// its values. Trains on a sample, about a millisecond, and encodes only what the sample says is
// small enough.
std::optional<FsstPayload> TryFsst(CodecId codec, const ColumnSpan& column, ByteSpan payload,
                                   size_t bytes_max);

}  // namespace luma::encoding
