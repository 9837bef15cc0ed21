// Options of tables: ALTER TABLE ... SET (warm_age = '7d') and RESET (warm_age), and CREATE TABLE
// ... WITH (...). PostgreSQL's syntax, which DuckDB's parser does not know; the options are those
// of storage/table_policy_options.h. PostgreSQL's storage parameters, such as fillfactor, are
// accepted and mean nothing.
//
// Ages (warm_age, retention) are those of the timestamp that a table is sorted by. A table that has
// no rows when it gets one is sorted by its first timestamp column from then on.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sql/duckdb_headers.h"
#include "sql/sql_lexer.h"
#include "sql/text_edits.h"

namespace luma::sql {

struct TableOptionsChange {
  std::string schema;  // empty: the search path's
  std::string table;
  bool if_exists = false;      // ALTER TABLE IF EXISTS
  bool if_not_exists = false;  // CREATE TABLE IF NOT EXISTS: a table that exists keeps its options
  std::map<std::string, std::string> set;
  std::vector<std::string> reset;
};

// What `tokens`, a statement that starts with CREATE or ALTER, changes; `edits` takes that out of
// its text, which becomes empty when there is nothing else. A list of options that is not written
// as it should be is left to DuckDB's parser, which reports it.
std::optional<TableOptionsChange> TakeTableOptions(std::span<const Token> tokens, TextEdits& edits);

// Both throw and run in a transaction of `context`.
bool TableExists(duckdb::ClientContext& context, const TableOptionsChange& change);
// Errors: kInvalidArgument (22023) for an unknown option, with the known ones, a bad value, or an
// age of rows that have none; 42P01, 42809 for what is no table.
void ApplyTableOptions(duckdb::ClientContext& context, const TableOptionsChange& change);

}  // namespace luma::sql
