// Which codec makes a block smallest. Internal to block.h.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/column.h"
#include "encoding/block.h"

namespace luma::encoding {

// Whether all values have the same bits (strings: the same bytes); true for no values.
bool AllEqual(const ColumnSpan& column);

struct CodecChoice {
  CodecId codec = CodecId::kPlain;
  size_t bytes = 0;              // of the payload, estimated from a sample; 0: not known
  std::optional<Bytes> payload;  // of the whole column, where choosing took making it

  explicit CodecChoice(CodecId chosen) : codec(chosen) {}
};

// Validity is ignored. The answer always fits the type and the values.
CodecChoice ChooseCodec(const ColumnSpan& column, EncodeEffort effort, int depth);

}  // namespace luma::encoding
