#include "promql/regex_replacement.h"

namespace luma::promql {
namespace {

bool IsNamePart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view GroupOf(std::string_view name, const MatchedGroups& groups) {
  if (name.find_first_not_of("0123456789") == std::string_view::npos) {
    size_t number = 0;
    for (const char digit : name) {
      number = number * 10 + static_cast<size_t>(digit - '0');
      if (number >= groups.texts.size()) return "";
    }
    return groups.texts[number];
  }
  const auto found = groups.names.find(std::string(name));
  return found == groups.names.end() ? "" : groups.texts[static_cast<size_t>(found->second)];
}

}  // namespace

void RegexReplacement::AppendTo(std::string& out, const MatchedGroups& groups,
                                size_t bytes_max) const {
  for (size_t at = 0; at < text_.size() && out.size() <= bytes_max;) {
    const size_t dollar = text_.find('$', at);
    out.append(text_.substr(at, dollar - at));
    if (dollar == std::string_view::npos) break;
    at = AppendOne(dollar, groups, out);
  }
}

size_t RegexReplacement::AppendOne(size_t dollar, const MatchedGroups& groups,
                                   std::string& out) const {
  const size_t next = dollar + 1;
  if (next < text_.size() && text_[next] == '$') {
    out.push_back('$');
    return next + 1;
  }
  const bool braced = next < text_.size() && text_[next] == '{';
  const size_t begin = braced ? next + 1 : next;
  size_t end = begin;
  while (end < text_.size() && IsNamePart(text_[end])) ++end;
  const bool closed = !braced || (end < text_.size() && text_[end] == '}');
  if (end == begin || !closed) {
    out.push_back('$');
    return next;
  }
  out.append(GroupOf(text_.substr(begin, end - begin), groups));
  return braced ? end + 1 : end;
}

}  // namespace luma::promql
