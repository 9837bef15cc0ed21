#include "prom/search_filter.h"

#include <algorithm>
#include <iterator>

#include "prom/text_similarity.h"

namespace luma::prom {

namespace {

// The other scores take time with the square of the length, so longer texts only have that of
// holding the term.
constexpr size_t kComparedCharactersMax = 1024;

constexpr size_t kTermsMax = 32;
constexpr int64_t kThresholdMax = 100;

void LowerAscii(std::u32string& text) {
  for (char32_t& c : text) {
    if (c >= U'A' && c <= U'Z') c += U'a' - U'A';
  }
}

}  // namespace

Result<bool> BoolParameter(const ApiRequest& request, std::string_view name, bool absent) {
  constexpr std::string_view kTrue[] = {"1", "t", "T", "true", "TRUE", "True"};
  constexpr std::string_view kFalse[] = {"0", "f", "F", "false", "FALSE", "False"};
  const std::string_view text = request.Get(name);
  if (text.empty()) return absent;
  if (std::ranges::find(kTrue, text) != std::end(kTrue)) return true;
  if (std::ranges::find(kFalse, text) != std::end(kFalse)) return false;
  return Status::InvalidArgument("invalid ", name, " \"", text, "\": must be boolean");
}

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
  LUMA_ASSIGN_OR_RETURN(filter.is_case_sensitive_, BoolParameter(request, "case_sensitive", true));
  filter.has_terms_ = !terms.empty();
  for (const std::string_view term : terms) {
    if (term.empty()) continue;
    filter.terms_.push_back(CodePoints(term));
    if (!filter.is_case_sensitive_) LowerAscii(filter.terms_.back());
  }
  return filter;
}

std::optional<double> SearchFilter::Score(std::string_view text) const {
  if (terms_.empty()) return 1;
  std::u32string points = CodePoints(text);
  if (!is_case_sensitive_) LowerAscii(points);
  std::optional<double> best;
  for (const std::u32string& term : terms_) {
    best = std::max(best, ScoreOf(term, points));  // nullopt is less than every score
  }
  return best;
}

std::optional<double> SearchFilter::ScoreOf(const std::u32string& term,
                                            const std::u32string& text) const {
  if (text.starts_with(term)) return 1;
  if (text.size() > kComparedCharactersMax) {
    return SubstringScore(term, text) > 0 ? std::optional(SubstringScore(term, text))
                                          : std::nullopt;
  }
  if (is_subsequence_) {
    const double score = SubsequenceScore(term, text);
    return score > 0 && score >= threshold_ ? std::optional(score) : std::nullopt;
  }
  if (const double score = SubstringScore(term, text); score > 0) return score;
  if (threshold_ == 0) return std::nullopt;
  const double score = JaroWinklerScore(term, text);
  return score >= threshold_ ? std::optional(score) : std::nullopt;
}

}  // namespace luma::prom
