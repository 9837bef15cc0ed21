// The part of the grammar about selecting series: matchers, ranges, offset and @.
#pragma once

#include "base/status.h"
#include "promql/ast.h"
#include "promql/internal/token_stream.h"

namespace luma::promql {

// name{...}, name or {...} at the front of the stream.
Result<VectorSelector> ReadVectorSelector(TokenStream& tokens);

// A duration or a number of seconds, in milliseconds, more than 0.
Result<int64_t> ReadRangeMillis(TokenStream& tokens);

// What follows the words "offset" and "@", which have been taken.
Status ReadOffset(TokenStream& tokens, TimeShift& shift);
Status ReadAt(TokenStream& tokens, TimeShift& shift);

}  // namespace luma::promql
