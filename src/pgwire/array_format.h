// Arrays, which the SQL layer gives as text, in PostgreSQL's binary form.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace luma::pgwire {

// The type of the elements of an array type; 0 when `oid` is not one whose binary form is known.
uint32_t ArrayElementOid(uint32_t oid);

// Appends the array that `text` ({1,NULL,"a b",{2}}) stands for, its elements being of the type
// `element_oid`. Errors: kUnsupported for inner arrays of different lengths, which PostgreSQL does
// not have; 22P03 when `text` is not an array of that type.
Status AppendArrayBinary(std::string_view text, uint32_t element_oid, std::string& out);

}  // namespace luma::pgwire
