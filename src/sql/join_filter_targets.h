// Filters that a join takes from its build side reach a scan below its probe side only through
// operators to which it makes no difference that rows of other keys are missing.
//
// DuckDB 1.4.4 also sends them below LIMIT, top-N and DISTINCT ON, which then choose among fewer
// rows: SELECT ... FROM (SELECT * FROM t ORDER BY at LIMIT 5) s JOIN u ... gives the five first
// rows that have a partner, instead of those among the five first rows. Which of the two depends on
// whether the build side ends before the scan starts. DuckDB's own tables are mostly saved by late
// materialization.
#pragma once

#include "sql/duckdb_headers.h"

namespace luma::sql {

// Takes such filters away. To be added to an instance's configuration after it was opened.
duckdb::OptimizerExtension JoinFilterTargetsExtension();

}  // namespace luma::sql
