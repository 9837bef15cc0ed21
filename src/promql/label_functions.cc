#include "promql/label_functions.h"

#include <re2/re2.h>

#include <map>
#include <utility>
#include <vector>

#include "model/matcher.h"
#include "model/utf8.h"
#include "promql/label_edit.h"
#include "promql/quoted_text.h"
#include "promql/regex_replacement.h"

namespace luma::promql {
namespace {

bool IsLabelName(std::string_view name) { return !name.empty() && IsValidUtf8(name); }

// Labels that change may become equal, so the metric name comes back only if it was written.
Status FinishRow(EvaluationContext& context, VectorValue& vector, size_t row, const LabelEdit& edit,
                 std::string_view target) {
  LUMA_ASSIGN_OR_RETURN(Labels labels, edit.Take());
  LUMA_RETURN_IF_ERROR(context.BookBytes(labels.canonical().size()));
  vector.mutable_labels(row) = std::move(labels);
  if (target == kMetricNameLabel) vector.set_drop_name(row, false);
  return Status::Ok();
}

// An anchored expression with the texts of its groups.
class GroupMatcher {
 public:
  explicit GroupMatcher(const std::string& pattern) : regex_("(" + pattern + ")", Options()) {}

  bool ok() const { return regex_.ok(); }
  const std::string& error() const { return regex_.error(); }
  const std::map<std::string, int>& names() const { return names_; }

  // The outer group is number 0 to Go and 1 to RE2. The groups point into the text.
  bool Match(std::string_view text, std::vector<std::string_view>& groups) const {
    const auto count = static_cast<size_t>(regex_.NumberOfCapturingGroups());
    std::vector<re2::StringPiece> pieces(count + 1);
    const re2::StringPiece whole(text.data(), text.size());
    if (!regex_.Match(whole, 0, whole.size(), re2::RE2::ANCHOR_BOTH, pieces.data(),
                      static_cast<int>(pieces.size()))) {
      return false;
    }
    groups.clear();
    for (size_t i = 1; i <= count; ++i) groups.emplace_back(pieces[i].data(), pieces[i].size());
    return true;
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
  const RegexReplacement replacement(replacement_text);
  std::vector<std::string_view> groups;
  std::string value;
  for (size_t row = 0; row < vector.size(); ++row) {
    if (!matcher.Match(vector.labels(row).Get(source), groups)) continue;
    value.clear();
    replacement.AppendTo(value, {groups, matcher.names()}, kLabelTextBytesMax);
    LabelEdit edit(vector.labels(row));
    edit.Set(target, value);
    LUMA_RETURN_IF_ERROR(FinishRow(evaluator.context(), vector, row, edit, target));
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
    // A text that is too long for a label is refused, however much is missing.
    for (size_t i = 0; i < sources.size() && joined.size() <= kLabelTextBytesMax; ++i) {
      if (i > 0) joined.append(separator);
      joined.append(vector.labels(row).Get(sources[i]));
    }
    LabelEdit edit(vector.labels(row));
    edit.Set(target, joined);
    LUMA_RETURN_IF_ERROR(FinishRow(evaluator.context(), vector, row, edit, target));
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
