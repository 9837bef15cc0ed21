// A bound for conditions that grow while DuckDB plans.
//
// DuckDB moves a condition below a projection by writing what the projection computes in place of
// its columns. SELECT a || a AS a FROM (SELECT a || a AS a FROM ...) doubles it with every level:
// twenty levels under WHERE a = 'x' are a text of 400 bytes and take gigabytes that no memory limit
// counts.
#pragma once

#include <cstddef>

#include "sql/duckdb_headers.h"

namespace luma::sql {

// What the conditions of one statement may grow by, in nodes of expressions. 130,000 took 850 MB
// and 5 s.
inline constexpr double kExpressionGrowthMax = 10'000;

size_t CountNodes(const duckdb::Expression& expression);

// Refuses statements whose conditions would grow by more (54001). To be added to an instance's
// configuration after it was opened.
duckdb::OptimizerExtension ExpressionGrowthExtension();

}  // namespace luma::sql
