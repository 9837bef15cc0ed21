// Which texts a search wants, and how much.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "prom/api_request.h"

namespace luma::prom {

// Threads: any; immutable.
class SearchFilter {
 public:
  // From search[], fuzz_alg, fuzz_threshold and case_sensitive. Errors: kInvalidArgument.
  static Result<SearchFilter> From(const ApiRequest& request);

  // From 0 to 1, the best of all terms; 1 when there are none. Nullopt: not wanted. Takes up to a
  // thousand steps for each byte of `text` and each term.
  std::optional<double> Score(std::string_view text) const;
  bool has_terms() const { return has_terms_; }  // also when they are empty

 private:
  // The same text twice, in lower case if that does not matter.
  struct Text {
    std::string bytes;
    std::u32string characters;
  };
  Text Read(std::string_view text) const;
  std::optional<double> ScoreOf(const Text& term, const Text& text) const;

  std::vector<Text> terms_;  // not empty ones
  bool has_terms_ = false;
  bool is_subsequence_ = true;
  bool is_case_sensitive_ = true;
  double threshold_ = 0;
};

}  // namespace luma::prom
