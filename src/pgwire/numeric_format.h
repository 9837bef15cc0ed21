// Decimal numbers in PostgreSQL's text and binary forms.
#pragma once

#include <string>

#include "base/column.h"

namespace luma::pgwire {

// `value` is scaled by 10^scale; the text has exactly `scale` digits after the point.
void AppendNumericText(Int128 value, int scale, std::string& out);

// The body of a binary numeric: counts, weight, sign, scale, then groups of four decimal digits.
void AppendNumericBinary(Int128 value, int scale, std::string& out);

}  // namespace luma::pgwire
