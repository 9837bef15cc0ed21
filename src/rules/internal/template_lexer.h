// Cuts what is between "{{" and "}}" into tokens.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "rules/template_value.h"

namespace luma::rules {

enum class TemplateTokenKind : uint8_t {
  kWord,      // if, printf, true
  kField,     // .name, without the point
  kDot,       // .
  kVariable,  // $name, with the "$"
  kLiteral,   // a string or number
  kPipe,
  kLeftParen,
  kRightParen,
  kComma,
  kDeclare,  // :=
  kAssign,   // =
  kEnd,      // }}
};

struct TemplateToken {
  TemplateTokenKind kind;
  std::string text;
  TemplateValue literal = {};
  bool after_space = false;  // ".a .b" are two operands, ".a.b" is one
};

// The tokens of one action, `text` beginning behind its "{{"; the last is kEnd. `rest` becomes what
// follows the action, `trims` whether that loses its leading spaces. Errors: kInvalidArgument.
Result<std::vector<TemplateToken>> TokenizeAction(std::string_view text, std::string_view& rest,
                                                  bool& trims);

}  // namespace luma::rules
