// DEALLOCATE: the protocol's prepared statements and those of SQL's PREPARE share their names.
#pragma once

#include <optional>
#include <string>

#include "sql/database.h"

namespace luma::session {

struct Deallocation {
  bool all = false;
  std::string name;  // unless all
};

// DEALLOCATE [PREPARE] {name | ALL}; nothing for every other statement.
std::optional<Deallocation> ParseDeallocation(const sql::ParsedStatement& statement);

}  // namespace luma::session
