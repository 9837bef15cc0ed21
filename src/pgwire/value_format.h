// One result value in PostgreSQL's text or binary form.
#pragma once

#include <cstdint>
#include <string>

#include "base/column.h"
#include "base/status.h"
#include "pgwire/time_zone.h"
#include "sql/database.h"

namespace luma::pgwire {

// The settings of a session that change how values look.
struct FormatSettings {
  int extra_float_digits = 1;
  TimeZone time_zone;  // for timestamptz
};

// Both append the value in row `row`, which is not null; `values` holds column.kind's layout.
// Errors: kUnsupported for an array that PostgreSQL could not have; `out` may end with a part of
// it.
void AppendTextValue(const sql::ResultColumn& column, const ColumnSpan& values, uint32_t row,
                     const FormatSettings& settings, std::string& out);
Status AppendBinaryValue(const sql::ResultColumn& column, const ColumnSpan& values, uint32_t row,
                         std::string& out);

// Errors: kUnsupported for a type whose binary form LumaDB does not know (bit, arrays of
// intervals).
Status CheckBinaryFormat(const sql::ResultColumn& column);

}  // namespace luma::pgwire
