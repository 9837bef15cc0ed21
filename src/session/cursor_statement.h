// SQL cursors: DECLARE, FETCH, MOVE and CLOSE. The SQL layer does not know them; a cursor is a
// portal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace luma::session {

struct CursorStatement {
  enum class Action : uint8_t { kDeclare, kFetch, kMove, kClose };
  Action action = Action::kFetch;
  std::string name;         // empty: CLOSE ALL
  bool with_hold = false;   // DECLARE: outlives its transaction
  size_t query_offset = 0;  // DECLARE: bytes of the statement before the query
  uint64_t rows = 1;        // FETCH and MOVE: how many; UINT64_MAX: all that are left
};

// True when `text` may hold a cursor statement. Cheap, so that other statements pay little.
bool MayHoldCursorStatement(std::string_view text);

// `text`: one statement. Nothing when it is not about cursors. Errors: kSyntaxError; 55000 for a
// direction other than forward.
Result<std::optional<CursorStatement>> ParseCursorStatement(std::string_view text);

}  // namespace luma::session
