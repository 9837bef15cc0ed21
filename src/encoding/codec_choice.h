// Which codec makes a block smallest. Internal to block.h.
#pragma once

#include "base/column.h"
#include "encoding/block.h"

namespace luma::encoding {

// Whether all values have the same bits (strings: the same bytes); true for no values.
bool AllEqual(const ColumnSpan& column);

// Validity is ignored. The answer always fits the type and the values.
CodecId ChooseCodec(const ColumnSpan& column, EncodeEffort effort, int depth);

}  // namespace luma::encoding
