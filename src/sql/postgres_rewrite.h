// PostgreSQL spellings that DuckDB's parser lacks, rewritten to what it has.
//
//   SERIAL, BIGSERIAL, SMALLSERIAL          integer type, NOT NULL, DEFAULT nextval of a new
//   sequence GENERATED {ALWAYS|BY DEFAULT} AS IDENTITY   the same PREPARE q(int, text) AS ...
//   without the types CREATE UNLOGGED TABLE                   CREATE TABLE TRUNCATE t RESTART
//   IDENTITY CASCADE     TRUNCATE t
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/text_edits.h"

namespace luma::sql {

struct RewrittenStatement {
  std::vector<std::string> before;  // run first, in the same transaction
  std::string text;
  std::vector<std::string> after;
  TextEdits edits;  // from the original to `text`
};

// `text` is one statement and outlives the result.
RewrittenStatement RewritePostgres(std::string_view text);

}  // namespace luma::sql
