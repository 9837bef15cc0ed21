#include "promql/label_functions.h"

#include <re2/re2.h>

#include <map>
#include <utility>

#include "model/matcher.h"
#include "model/utf8.h"
#include "promql/label_edit.h"
#include "promql/quoted_text.h"

namespace luma::promql {
namespace {

bool IsLabelName(std::string_view name) { return !name.empty() && IsValidUtf8(name); }

// Labels that change may become equal, so the metric name comes back only if it was written.
Status FinishRow(VectorValue& vector, size_t row, const LabelEdit& edit, std::string_view target) {
  LUMA_ASSIGN_OR_RETURN(vector.mutable_labels(row), edit.Take());
  if (target == kMetricNameLabel) vector.set_drop_name(row, false);
  return Status::Ok();
}

// A replacement text with $1, ${1}, $name and ${name}, as Go's regexp.Expand reads it.
class Replacement {
 public:
  explicit Replacement(std::string_view text) : text_(text) {}

  std::string Expand(std::span<const std::string> groups,
                     const std::map<std::string, int>& names) const {
    std::string result;
    for (size_t at = 0; at < text_.size();) {
      const size_t dollar = text_.find('$', at);
      result.append(text_.substr(at, dollar - at));
      if (dollar == std::string_view::npos) break;
      at = ExpandOne(dollar, groups, names, result);
    }
    return result;
  }

 private:
  static bool IsNamePart(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }

  // Handles the "$" at `dollar`; gives where the text goes on. One that starts no name stands for
  // itself.
  size_t ExpandOne(size_t dollar, std::span<const std::string> groups,
                   const std::map<std::string, int>& names, std::string& result) const {
    const size_t next = dollar + 1;
    if (next < text_.size() && text_[next] == '$') {
      result.push_back('$');
      return next + 1;
    }
    const bool braced = next < text_.size() && text_[next] == '{';
    const size_t begin = braced ? next + 1 : next;
    size_t end = begin;
    while (end < text_.size() && IsNamePart(text_[end])) ++end;
    const bool closed = !braced || (end < text_.size() && text_[end] == '}');
    if (end == begin || !closed) {
      result.push_back('$');
      return next;
    }
    result.append(GroupOf(text_.substr(begin, end - begin), groups, names));
    return braced ? end + 1 : end;
  }

  static std::string_view GroupOf(std::string_view name, std::span<const std::string> groups,
                                  const std::map<std::string, int>& names) {
    if (name.find_first_not_of("0123456789") == std::string_view::npos) {
      size_t number = 0;
      for (const char digit : name) {
        number = number * 10 + static_cast<size_t>(digit - '0');
        if (number >= groups.size()) return "";
      }
      return groups[number];
    }
    const auto found = names.find(std::string(name));
    return found == names.end() ? "" : std::string_view(groups[static_cast<size_t>(found->second)]);
  }

  const std::string_view text_;
};

// An anchored expression with the texts of its groups.
class GroupMatcher {
 public:
  explicit GroupMatcher(const std::string& pattern) : regex_("(" + pattern + ")", Options()) {}

  bool ok() const { return regex_.ok(); }
  const std::string& error() const { return regex_.error(); }
  const std::map<std::string, int>& names() const { return names_; }

  // The outer group is number 0 to Go and 1 to RE2.
  bool Match(std::string_view text, std::vector<std::string>& groups) const {
    const auto count = static_cast<size_t>(regex_.NumberOfCapturingGroups());
    groups.assign(count, "");
    std::vector<re2::RE2::Arg> arguments(count);
    std::vector<re2::RE2::Arg*> pointers(count);
    for (size_t i = 0; i < count; ++i) {
      arguments[i] = re2::RE2::Arg(&groups[i]);
      pointers[i] = &arguments[i];
    }
    return re2::RE2::FullMatchN(re2::StringPiece(text.data(), text.size()), regex_, pointers.data(),
                                static_cast<int>(count));
  }

 private:
  static re2::RE2::Options Options() {
    re2::RE2::Options options;
    options.set_dot_nl(true);
    options.set_log_errors(false);
    options.set_max_mem(kRegexMemoryBytesMax);
    return options;
  }
  static std::map<std::string, int> Names(const re2::RE2& regex) {
    std::map<std::string, int> names;
    if (!regex.ok()) return names;
    for (const auto& [name, number] : regex.NamedCapturingGroups()) names[name] = number - 1;
    return names;
  }

  const re2::RE2 regex_;
  const std::map<std::string, int> names_ = Names(regex_);
};

Result<VectorValue> LabelReplace(NodeEvaluator& evaluator, const Call& call) {
  const auto text = [&](size_t i) { return NodeEvaluator::String(*call.arguments[i]); };
  const std::string target = text(1);
  const std::string replacement_text = text(2);
  const std::string source = text(3);
  const std::string pattern = text(4);
  const GroupMatcher matcher(pattern);
  if (!matcher.ok()) {
    return Status::InvalidArgument("invalid regular expression in label_replace(): ",
                                   QuotedText(pattern));
  }
  if (!IsLabelName(target)) {
    return Status::InvalidArgument("invalid destination label name in label_replace(): ",
                                   QuotedText(target));
  }
  LUMA_ASSIGN_OR_RETURN(VectorValue vector, evaluator.Vector(*call.arguments[0]));
  const Replacement replacement(replacement_text);
  std::vector<std::string> groups;
  for (size_t row = 0; row < vector.size(); ++row) {
    if (!matcher.Match(vector.labels(row).Get(source), groups)) continue;
    LabelEdit edit(vector.labels(row));
    edit.Set(target, replacement.Expand(groups, matcher.names()));
    LUMA_RETURN_IF_ERROR(FinishRow(vector, row, edit, target));
  }
  LUMA_RETURN_IF_ERROR(MergeEqualLabels(vector));
  return vector;
}

Result<VectorValue> LabelJoin(NodeEvaluator& evaluator, const Call& call) {
  const std::string target = NodeEvaluator::String(*call.arguments[1]);
  const std::string separator = NodeEvaluator::String(*call.arguments[2]);
  std::vector<std::string> sources;
  for (size_t i = 3; i < call.arguments.size(); ++i) {
    sources.push_back(NodeEvaluator::String(*call.arguments[i]));
    if (!IsLabelName(sources.back())) {
      return Status::InvalidArgument("invalid source label name in label_join(): ",
                                     QuotedText(sources.back()));
    }
  }
  if (!IsLabelName(target)) {
    return Status::InvalidArgument("invalid destination label name in label_join(): ",
                                   QuotedText(target));
  }
  LUMA_ASSIGN_OR_RETURN(VectorValue vector, evaluator.Vector(*call.arguments[0]));
  for (size_t row = 0; row < vector.size(); ++row) {
    std::string joined;
    for (size_t i = 0; i < sources.size(); ++i) {
      if (i > 0) joined.append(separator);
      joined.append(vector.labels(row).Get(sources[i]));
    }
    LabelEdit edit(vector.labels(row));
    edit.Set(target, joined);
    LUMA_RETURN_IF_ERROR(FinishRow(vector, row, edit, target));
  }
  LUMA_RETURN_IF_ERROR(MergeEqualLabels(vector));
  return vector;
}

}  // namespace

VectorFunction FindLabelFunction(std::string_view name) {
  if (name == "label_replace") return LabelReplace;
  return name == "label_join" ? LabelJoin : nullptr;
}

}  // namespace luma::promql
