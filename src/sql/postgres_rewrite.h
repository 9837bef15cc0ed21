// PostgreSQL spellings that DuckDB's parser lacks, rewritten to what it has.
//
// - SERIAL, BIGSERIAL, SMALLSERIAL and GENERATED ... AS IDENTITY: an integer column, NOT NULL, with
//   DEFAULT nextval of a new sequence.
// - PREPARE q(int, text) AS ...: without the types.
// - CREATE UNLOGGED TABLE: CREATE TABLE.
// - CREATE TABLE ... WITH (...), ALTER TABLE ... SET (...): table_options.h.
// - TRUNCATE a, b RESTART IDENTITY CASCADE: TRUNCATE a; TRUNCATE b.
// - DROP TABLE a, b: DROP TABLE a; DROP TABLE b.
// - Columns called "at" or "by", which are keywords to DuckDB: quoted.
// - '\x00ff'::bytea: '\x00\xff'::bytea.
// - a ~ b and a !~ b, which match anywhere: a @~ b and a !@~ b (postgres_catalog.cc).
// - a->>'b' = c, where DuckDB would compare first: (a->>'b') = c (arrow_operators.h).
// - OPERATOR(pg_catalog.=): =. COLLATE pg_catalog.default: nothing. x::pg_catalog.text: x::text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/table_options.h"
#include "sql/text_edits.h"

namespace luma::sql {

struct RewrittenStatement {
  std::vector<std::string> before;  // run first, in the same transaction
  std::string text;
  std::vector<std::string> after;
  TextEdits edits;  // from the original to `text`
  // Applied after `text`, in the same transaction.
  std::optional<TableOptionsChange> table_options;
};

// `text` is one statement and outlives the result.
RewrittenStatement RewritePostgres(std::string_view text);

}  // namespace luma::sql
