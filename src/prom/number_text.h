// Numbers as Prometheus' JSON has them.
#pragma once

#include <string>

#include "base/clock.h"

namespace luma::prom {

// The shortest decimal that reads back as `value`, with an exponent below 1e-6 and from 1e21 on, as
// Prometheus' jsonutil.MarshalFloat: 0.1, 123456789012345680, 1e+21, 5e-324, -0, NaN, +Inf, -Inf.
void AppendFloat(double value, std::string& out);

// As above, but never with an exponent: so Prometheus writes scalars.
void AppendPlainFloat(double value, std::string& out);

// Seconds with millisecond decimals when there are any: 1435781451.781, 1435781451, -0.001.
void AppendTimestamp(UnixMillis millis, std::string& out);

}  // namespace luma::prom
