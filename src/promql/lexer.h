// Cuts PromQL text into tokens. Words are not yet keywords: that depends on where they stand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace luma::promql {

enum class TokenKind : uint8_t {
  kEnd,
  kWord,    // identifier, keyword or metric name; may contain ":"
  kNumber,  // 1, .5, 0x1f, 1e3; also durations such as 1h30m, which are numbers of seconds
  kString,
  kLeftParen,
  kRightParen,
  kLeftBrace,
  kRightBrace,
  kLeftBracket,
  kRightBracket,
  kComma,
  kColon,
  kAt,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kPower,
  kAssign,    // =
  kEqual,     // ==
  kNotEqual,  // !=
  kMatch,     // =~
  kNotMatch,  // !~
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kTrimUpper,  // </
  kTrimLower,  // >/
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  size_t begin = 0;
  size_t end = 0;
  std::string_view text;  // in the query
  double number = 0;      // of kNumber
  bool is_duration = false;
  std::string string;  // of kString, unescaped
};

// An error at a byte offset, in Prometheus' words: "1:5: parse error: ...".
Status ParseError(std::string_view query, size_t offset, std::string_view message);

// The tokens of `query`, the last of them kEnd. Errors: kSyntaxError, made by ParseError.
Result<std::vector<Token>> Tokenize(std::string_view query);

// Prometheus durations: "1h30m", units descending, each once. Milliseconds; nullopt when it is
// none.
std::optional<int64_t> ParseDurationMillis(std::string_view text);

// Describes a token in an error: `identifier "foo"`.
std::string Describe(const Token& token);

}  // namespace luma::promql
