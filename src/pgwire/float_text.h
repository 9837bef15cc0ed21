// Floating-point numbers as PostgreSQL prints them.
#pragma once

#include <string>

namespace luma::pgwire {

// extra_float_digits above 0 (the default is 1): the shortest text that reads back as the same
// number. 0 and below: that many digits more than the 15 (6 for float4) that are always exact.
void AppendFloat4(float value, int extra_float_digits, std::string& out);
void AppendFloat8(double value, int extra_float_digits, std::string& out);

}  // namespace luma::pgwire
