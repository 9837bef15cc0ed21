// CHECK constraints on rows that are about to be stored. The engine itself enforces NOT NULL and
// uniqueness.
#pragma once

#include <string>
#include <vector>

#include "sql/duckdb_headers.h"
#include "sql/luma_table_entry.h"

namespace luma::sql {

using BoundConstraints = duckdb::vector<duckdb::unique_ptr<duckdb::BoundConstraint>>;

// Thread-compatible: one per thread. Lifetime: constraints and table outlive it.
class CheckConstraints {
 public:
  CheckConstraints(duckdb::ClientContext& context, const LumaTableEntry& table,
                   const BoundConstraints& constraints);

  // `rows` has the stored columns. Throws kCheckViolation.
  void Verify(duckdb::DataChunk& rows);

 private:
  struct Check {
    duckdb::unique_ptr<duckdb::ExpressionExecutor> executor;
    const CheckConstraint* definition;
  };

  const LumaTableEntry& table_;
  std::vector<Check> checks_;
};

}  // namespace luma::sql
