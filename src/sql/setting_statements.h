// SET, RESET, SHOW, DISCARD, USE and the PRAGMAs that stand for settings, taken apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace luma::sql {

struct SettingStatement {
  enum class Action : uint8_t {
    kSet,
    kReset,
    kResetAll,
    kShow,
    kShowAll,
    kDiscardAll,
    kNothing,  // accepted without effect: SET CONSTRAINTS, verification pragmas
    kRefused,  // not for clients
    kDuckDb,   // SET VARIABLE, SHOW TABLES, PRAGMA table_info: DuckDB's business
  };
  Action action = Action::kDuckDb;
  bool local = false;  // SET LOCAL: until the transaction ends
  std::string name;    // in lower case
  std::string value;   // kSet: without quotes
};

// `text` is one statement that begins with one of these words or with PRAGMA.
SettingStatement ParseSettingStatement(std::string_view text);

// Whether the modes of a BEGIN say READ ONLY (true) or READ WRITE (false); nullopt: neither.
std::optional<bool> ReadOnlyMode(std::string_view begin_statement);

}  // namespace luma::sql
