// A condition on one label, as in {job=~"node.*"}.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/labels.h"

namespace re2 {
class RE2;
}

namespace luma {

enum class MatchOp : uint8_t { kEqual, kNotEqual, kRegex, kNotRegex };
std::string_view MatchOpText(MatchOp op);  // "=~"

// Immutable; copies share the compiled expression. Threads: any.
class Matcher {
 public:
  // Regular expressions are RE2's, anchored at both ends, with "." matching newlines, and may take
  // kRegexMemoryBytesMax. Errors: kInvalidArgument when one does not compile.
  static Result<Matcher> Create(std::string name, MatchOp op, std::string value);

  const std::string& name() const { return name_; }
  MatchOp op() const { return op_; }
  const std::string& value() const { return value_; }

  // An absent label has the value "".
  bool Matches(std::string_view label_value) const;
  // True when series without the label match, so that an index lookup of its values is not enough.
  bool MatchesEmpty() const { return Matches(""); }
  // For =, and for =~ that is only literals and "|": exactly the values that match. Empty
  // otherwise.
  const std::vector<std::string>& literals() const { return literals_; }
  std::string ToString() const;  // job=~"node.*"

 private:
  Matcher() = default;

  std::string name_;
  MatchOp op_ = MatchOp::kEqual;
  std::string value_;
  std::vector<std::string> literals_;
  std::shared_ptr<const re2::RE2> regex_;
};

constexpr int64_t kRegexMemoryBytesMax = 1 << 20;

using Matchers = std::vector<Matcher>;

bool MatchesAll(const Matchers& matchers, LabelsView labels);

}  // namespace luma
