// COPY ... FROM STDIN: text fields to rows.
#pragma once

#include <memory>

#include "base/status.h"
#include "sql/database.h"

namespace luma::sql {

class LumaConnection;

// Opens a transaction unless one is open. Errors: kNotFound for the table or a column.
Result<std::unique_ptr<CopyIn>> BeginCopyRows(LumaConnection& connection, const CopyOptions& copy);

}  // namespace luma::sql
