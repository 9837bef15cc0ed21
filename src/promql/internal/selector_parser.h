// The part of the grammar about selecting series: matchers, ranges, offset and @.
#pragma once

#include "base/status.h"
#include "promql/ast.h"
#include "promql/internal/token_stream.h"

namespace luma::promql {

// Whether a selector may match everything: only info() may, as its second argument.
enum class EmptyMatchers : uint8_t { kRefused, kAllowed };

// name{...}, name or {...} at the front of the stream.
Result<VectorSelector> ReadVectorSelector(TokenStream& tokens,
                                          EmptyMatchers empty = EmptyMatchers::kRefused);

// A duration, a number of seconds or an expression of them; more than 0 when it is constant.
Result<Duration> ReadRangeLength(TokenStream& tokens);

// What follows the words "offset" and "@", which have been taken.
Status ReadOffset(TokenStream& tokens, TimeShift& shift);
Status ReadAt(TokenStream& tokens, TimeShift& shift);

}  // namespace luma::promql
