// Numbers as Prometheus' JSON has them.
#pragma once

#include <string>

#include "base/clock.h"

namespace luma::prom {

// The shortest decimal that reads back as `value`, without exponent, as Go's
// strconv.FormatFloat(value, 'f', -1, 64): 0.1, 100000000000000000000000, -0, NaN, +Inf, -Inf.
void AppendFloat(double value, std::string& out);

// Seconds with millisecond decimals when there are any: 1435781451.781, 1435781451, -0.001.
void AppendTimestamp(UnixMillis millis, std::string& out);

}  // namespace luma::prom
