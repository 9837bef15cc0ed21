// promql('query'), promql('query', time), promql('query', start, end, step): PromQL as a relation.
//
//   ts TIMESTAMPTZ, metric, labels MAP(VARCHAR, VARCHAR), value DOUBLE, histogram VARCHAR
//
// One row for each sample, series after series, each in order of time. `metric` is null where the
// expression has dropped the name; a native histogram has its text and a null value. Arguments:
// promql_arguments.h; they may be parameters and, in a lateral join, columns: promql_call.h.
//
// It reads the tables as the statement's other scans do: as of the start of the transaction, with
// the transaction's own deletes of samples, and series that were removed since. Answers are booked
// on the memory budget as queries of the HTTP API are; Connection::Interrupt and with it the
// statement's timeout end it.
#pragma once

#include "sql/duckdb_headers.h"

namespace luma::sql {

duckdb::TableFunctionSet PromqlFunctions();

}  // namespace luma::sql
