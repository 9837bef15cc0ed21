// Values that the SQL layer gives as text (elements of arrays, timetz), in PostgreSQL's binary
// form.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace luma::pgwire {

// True for the types that AppendBinaryFromText knows: bool, bytea, the integers, oid, texts, json,
// jsonb, the floats, date, time, timetz, timestamp, timestamptz, numeric, uuid.
bool HasBinaryFromText(uint32_t oid);

// Appends the binary form of `text`, a value of the type `oid` in the form in which the SQL layer
// prints it. Errors: 22P03 when it is not; `out` may then end with a part of it.
Status AppendBinaryFromText(std::string_view text, uint32_t oid, std::string& out);

}  // namespace luma::pgwire
