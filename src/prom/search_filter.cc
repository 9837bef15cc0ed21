#include "prom/search_filter.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "prom/text_similarity.h"

namespace luma::prom {

namespace {

// The other scores take time with the square of the length, so longer texts, and longer terms, only
// have that of the one holding the other, which takes time with their sum.
constexpr size_t kComparedCharactersMax = 1024;

constexpr size_t kTermsMax = 32;
constexpr int64_t kThresholdMax = 100;

}  // namespace

Result<SearchFilter> SearchFilter::From(const ApiRequest& request) {
  SearchFilter filter;
  const std::vector<std::string_view> terms = request.GetAll("search[]");
  if (terms.size() > kTermsMax) {
    return Status::InvalidArgument("too many search[] terms: got ", terms.size(), ", maximum is ",
                                   kTermsMax);
  }
  const Result<int64_t> threshold = request.NumberOr("fuzz_threshold", 0);
  if (!threshold.ok() || *threshold < 0 || *threshold > kThresholdMax) {
    return Status::InvalidArgument("invalid fuzz_threshold \"", request.Get("fuzz_threshold"),
                                   "\": must be 0-100");
  }
  filter.threshold_ = static_cast<double>(*threshold) / kThresholdMax;
  const std::string_view algorithm = request.Get("fuzz_alg");
  filter.is_subsequence_ = algorithm.empty() || algorithm == "subsequence";
  if (!filter.is_subsequence_ && algorithm != "jarowinkler") {
    return Status::InvalidArgument("unsupported fuzz_alg \"", algorithm,
                                   "\": must be one of [subsequence jarowinkler]");
  }
  LUMA_ASSIGN_OR_RETURN(filter.is_case_sensitive_, request.BoolOr("case_sensitive", true));
  filter.has_terms_ = !terms.empty();
  for (const std::string_view term : terms) {
    if (!term.empty()) filter.terms_.push_back(filter.Read(term));
  }
  return filter;
}

SearchFilter::Text SearchFilter::Read(std::string_view text) const {
  std::string bytes = is_case_sensitive_ ? std::string(text) : LowerAscii(text);
  std::u32string characters = CodePoints(bytes);
  return {std::move(bytes), std::move(characters)};
}

std::optional<double> SearchFilter::Score(std::string_view text) const {
  if (terms_.empty()) return 1;
  const Text read = Read(text);
  std::optional<double> best;
  for (const Text& term : terms_) {
    best = std::max(best, ScoreOf(term, read));  // nullopt is less than every score
  }
  return best;
}

std::optional<double> SearchFilter::ScoreOf(const Text& term, const Text& text) const {
  if (text.bytes.starts_with(term.bytes)) return 1;
  const bool is_long =
      std::max(term.characters.size(), text.characters.size()) > kComparedCharactersMax;
  if (is_subsequence_ && !is_long) {
    const double score = SubsequenceScore(term.characters, text.characters);
    return score > 0 && score >= threshold_ ? std::optional(score) : std::nullopt;
  }
  if (const double score = SubstringScore(term.bytes, text.bytes); score > 0) return score;
  if (is_long || threshold_ == 0) return std::nullopt;
  const double score = JaroWinklerScore(term.characters, text.characters);
  return score >= threshold_ ? std::optional(score) : std::nullopt;
}

}  // namespace luma::prom
