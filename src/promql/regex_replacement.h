// What takes the place of a match: a text with $1, ${1}, $name and ${name}, as Go's regexp.Expand
// reads it.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace luma::promql {

// The groups of one match; a group that took no part is empty. `names` gives their numbers.
struct MatchedGroups {
  std::span<const std::string_view> texts;
  const std::map<std::string, int>& names;
};

// Lifetime: the text outlives it. Threads: any.
class RegexReplacement {
 public:
  explicit RegexReplacement(std::string_view text) : text_(text) {}

  // Groups that there are not are empty; a "$" that starts no name stands for itself. Ends early
  // once `out` is longer than `bytes_max`: a short text can ask for a long group many times.
  void AppendTo(std::string& out, const MatchedGroups& groups, size_t bytes_max) const;

 private:
  // Handles the "$" at `dollar`; gives where the text goes on.
  size_t AppendOne(size_t dollar, const MatchedGroups& groups, std::string& out) const;

  const std::string_view text_;
};

}  // namespace luma::promql
