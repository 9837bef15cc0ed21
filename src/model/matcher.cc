#include "model/matcher.h"

#include <re2/re2.h>

#include <algorithm>
#include <utility>

namespace luma {
namespace {

bool IsRegex(MatchOp op) { return op == MatchOp::kRegex || op == MatchOp::kNotRegex; }

std::vector<std::string> SplitAtBars(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const size_t bar = text.find('|');
    parts.emplace_back(text.substr(0, bar));
    if (bar == std::string_view::npos) return parts;
    text.remove_prefix(bar + 1);
  }
}

std::vector<std::string> LiteralsOf(MatchOp op, const std::string& value) {
  if (op == MatchOp::kEqual) return {value};
  if (op != MatchOp::kRegex || value.find_first_of("\\.+*?()[]{}^$") != std::string::npos)
    return {};
  return SplitAtBars(value);
}

Result<std::shared_ptr<const re2::RE2>> Compile(const std::string& pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexMemoryBytesMax);
  options.set_dot_nl(true);
  options.set_never_capture(true);
  auto regex = std::make_shared<const re2::RE2>(pattern, options);
  if (!regex->ok()) {
    return Status::InvalidArgument("error parsing regexp: ", regex->error());
  }
  return std::shared_ptr<const re2::RE2>(std::move(regex));
}

}  // namespace

std::string_view MatchOpText(MatchOp op) {
  switch (op) {
    case MatchOp::kEqual:
      return "=";
    case MatchOp::kNotEqual:
      return "!=";
    case MatchOp::kRegex:
      return "=~";
    case MatchOp::kNotRegex:
      return "!~";
  }
  return "";
}

Result<Matcher> Matcher::Create(std::string name, MatchOp op, std::string value) {
  Matcher matcher;
  matcher.literals_ = LiteralsOf(op, value);
  if (IsRegex(op)) {
    LUMA_ASSIGN_OR_RETURN(matcher.regex_, Compile(value));
  }
  matcher.name_ = std::move(name);
  matcher.op_ = op;
  matcher.value_ = std::move(value);
  return matcher;
}

bool Matcher::Matches(std::string_view label_value) const {
  if (regex_ == nullptr) return (label_value == value_) == (op_ == MatchOp::kEqual);
  const re2::StringPiece text(label_value.data(), label_value.size());
  return re2::RE2::FullMatch(text, *regex_) == (op_ == MatchOp::kRegex);
}

std::string Matcher::ToString() const {
  return name_ + std::string(MatchOpText(op_)) + "\"" + value_ + "\"";
}

bool MatchesAll(const Matchers& matchers, LabelsView labels) {
  return std::all_of(matchers.begin(), matchers.end(), [labels](const Matcher& matcher) {
    return matcher.Matches(labels.Get(matcher.name()));
  });
}

}  // namespace luma
