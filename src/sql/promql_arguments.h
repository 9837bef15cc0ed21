// The arguments of promql() as a question.
#pragma once

#include <string>

#include "model/sample.h"
#include "sql/duckdb_headers.h"
#include "sql/promql_engine.h"

namespace luma::sql {

struct PromqlArguments {
  std::string query;
  PromqlQuestion question;  // but for the query
};

// Reads row `row` of the arguments (query), (query, time) or (query, start, end, step).
//
// Times: timestamps and dates (those without time zone are in the session's), numbers as seconds
// since 1970, text that is either. Steps: intervals, numbers as seconds, text that is either; what
// is below a millisecond is cut. Without a time it is that of now(), the start of the transaction.
//
// Throws 22023 for NULL, a time that is not finite, a step that is not positive or counts months,
// and a start after the end; errors of casts for text that is no time.
PromqlArguments ReadPromqlArguments(duckdb::ClientContext& context, duckdb::DataChunk& arguments,
                                    duckdb::idx_t row);

}  // namespace luma::sql
