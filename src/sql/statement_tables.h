// What the running statement sees, for code that knows no exceptions.
#pragma once

#include "sql/duckdb_boundary.h"
#include "sql/luma_transaction.h"
#include "storage/table_reader.h"

namespace luma::sql {

// LumaTransaction::Read. Lifetime: the transaction outlives it.
inline storage::TableReader TablesOf(LumaTransaction& transaction) {
  return [&transaction](ObjectId table) {
    return CallDuckDb([&] { return transaction.Read(table); });
  };
}

}  // namespace luma::sql
