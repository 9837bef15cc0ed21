// Numbers as text in labels and messages.
#pragma once

#include <string>

namespace luma::promql {

// The shortest decimal without an exponent that reads back as `value`, as Go's
// strconv.FormatFloat(value, 'f', -1, 64): 0.1, 100000000000000000000000, NaN, +Inf, -Inf.
std::string FloatText(double value);

}  // namespace luma::promql
