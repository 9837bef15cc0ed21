#include "promql/info_function.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "promql/label_edit.h"
#include "promql/selector_evaluation.h"

namespace luma::promql {
namespace {

constexpr std::string_view kDefaultInfoMetric = "target_info";

// The labels that say which target a series is of, sorted.
const std::vector<std::string>& TargetLabels() {
  static const std::vector<std::string> names = {"instance", "job"};
  return names;
}

// What the second argument of info() asks for.
struct InfoRequest {
  Matchers metrics;             // of the names of info metrics
  Matchers data;                // of other labels
  std::set<std::string> names;  // of the labels to copy; empty: all
  bool keeps_unmatched = true;  // no matcher demands a label

  Matchers all() const {
    Matchers matchers = metrics;
    matchers.insert(matchers.end(), data.begin(), data.end());
    return matchers;
  }
};

Result<InfoRequest> ReadRequest(const Call& call) {
  InfoRequest request;
  if (call.arguments.size() > 1) {
    for (const Matcher& matcher :
         std::get<VectorSelector>(Unwrapped(*call.arguments[1]).node).matchers) {
      if (matcher.name() == kMetricNameLabel) {
        request.metrics.push_back(matcher);
        continue;
      }
      request.data.push_back(matcher);
      request.names.insert(matcher.name());
      if (!matcher.MatchesEmpty()) request.keeps_unmatched = false;
    }
  }
  if (request.metrics.empty()) {
    LUMA_ASSIGN_OR_RETURN(Matcher name,
                          Matcher::Create(std::string(kMetricNameLabel), MatchOp::kEqual,
                                          std::string(kDefaultInfoMetric)));
    request.metrics.push_back(std::move(name));
  }
  return request;
}

// Info metrics are looked up at the times of the first selector of the base.
const VectorSelector* FirstSelector(const Expr& wrapped) {
  const Expr& expr = Unwrapped(wrapped);
  if (const auto* const vector = std::get_if<VectorSelector>(&expr.node)) return vector;
  if (const auto* const matrix = std::get_if<MatrixSelector>(&expr.node)) return &matrix->vector;
  if (const auto* const subquery = std::get_if<Subquery>(&expr.node)) {
    return FirstSelector(*subquery->expr);
  }
  if (const auto* const minus = std::get_if<UnaryMinus>(&expr.node)) {
    return FirstSelector(*minus->expr);
  }
  if (const auto* const aggregate = std::get_if<Aggregate>(&expr.node)) {
    return FirstSelector(*aggregate->expr);
  }
  if (const auto* const binary = std::get_if<Binary>(&expr.node)) {
    const VectorSelector* const left = FirstSelector(*binary->left);
    return left != nullptr ? left : FirstSelector(*binary->right);
  }
  if (const auto* const call = std::get_if<Call>(&expr.node)) {
    for (const ExprPtr& argument : call->arguments) {
      if (const VectorSelector* const found = FirstSelector(*argument)) return found;
    }
  }
  return nullptr;
}

// Info series by target, and at each step the latest of those of one metric.
class InfoIndex {
 public:
  // `times` holds, instead of values, when the sample at each step was taken.
  explicit InfoIndex(VectorValue times) : times_(std::move(times)) {
    for (size_t row = 0; row < times_.size(); ++row) {
      const Labels target = KeepLabels(times_.labels(row), TargetLabels());
      rows_[std::string(target.canonical())][std::string(times_.labels(row).metric_name())]
          .push_back(row);
    }
  }

  // Info rows of one target, by metric.
  using Target = std::map<std::string, std::vector<size_t>>;

  // The target that `labels` name; null when no info series does.
  const Target* FindTarget(LabelsView labels) const {
    const auto found = rows_.find(std::string(KeepLabels(labels, TargetLabels()).canonical()));
    return found == rows_.end() ? nullptr : &found->second;
  }

  // The latest info series of each metric at a step. Errors: kInvalidArgument when two of one
  // metric are equally recent.
  Result<std::vector<size_t>> Find(const Target* target, size_t step) const {
    std::vector<size_t> found;
    if (target == nullptr) return found;
    for (const auto& [metric, rows] : *target) {
      LUMA_ASSIGN_OR_RETURN(const std::optional<size_t> row, Latest(rows, step));
      if (row) found.push_back(*row);
    }
    return found;
  }
  const Labels& labels(size_t row) const { return times_.labels(row); }

 private:
  Result<std::optional<size_t>> Latest(const std::vector<size_t>& rows, size_t step) const {
    std::optional<size_t> best;
    for (const size_t row : rows) {
      if (!times_.Has(row, step)) continue;
      if (best && times_.At(row, step) == times_.At(*best, step)) {
        return Status::InvalidArgument("found duplicate series for info metric: existing ",
                                       labels(*best).ToString(), ", new ", labels(row).ToString());
      }
      if (!best || times_.At(row, step) > times_.At(*best, step)) best = row;
    }
    return best;
  }

  const VectorValue times_;
  std::unordered_map<std::string, Target> rows_;
};

// Joins labels row by row; a base series has a row of its own for each set of info labels.
class InfoJoin {
 public:
  InfoJoin(const InfoRequest& request, const InfoIndex& index, const VectorValue& base,
           VectorValue& out)
      : request_(request), index_(index), base_(base), out_(out) {}

  Status JoinRow(size_t row) {
    out_rows_.clear();
    if (MatchesAll(request_.metrics, base_.labels(row))) {  // an info metric itself
      out_.CopyCells(out_.AddRow(base_.labels(row), base_.drop_name(row)), base_, row);
      return Status::Ok();
    }
    const InfoIndex::Target* const target = index_.FindTarget(base_.labels(row));
    Status status;
    ForEachPresent(base_, row, [&](size_t step) {
      if (status.ok()) status = JoinCell(row, step, target);
    });
    return status;
  }

 private:
  Status JoinCell(size_t row, size_t step, const InfoIndex::Target* target) {
    LUMA_ASSIGN_OR_RETURN(const std::vector<size_t> found, index_.Find(target, step));
    auto at = out_rows_.find(found);
    if (at == out_rows_.end()) {
      LUMA_ASSIGN_OR_RETURN(const std::optional<Labels> labels, Joined(row, found));
      std::optional<size_t> out_row;
      if (labels) out_row = out_.AddRow(*labels, base_.drop_name(row));
      at = out_rows_.emplace(found, out_row).first;
    }
    if (at->second) out_.CopyCell(*at->second, step, base_, row);
    return Status::Ok();
  }

  // None when a label that was demanded is missing.
  Result<std::optional<Labels>> Joined(size_t row, const std::vector<size_t>& found) const {
    LabelEdit edit(base_.labels(row));
    std::map<std::string, std::string> added;
    for (const size_t info_row : found) {
      for (const LabelRef& label : index_.labels(info_row)) {
        if (!IsCopied(label.name, row)) continue;
        const auto [at, is_new] = added.try_emplace(std::string(label.name), label.value);
        if (!is_new && at->second != label.value) {
          return Status::InvalidArgument("conflicting label: ", label.name);
        }
        edit.Set(label.name, label.value);
      }
    }
    if (added.empty() && !request_.keeps_unmatched) return std::optional<Labels>();
    LUMA_ASSIGN_OR_RETURN(Labels labels, edit.Take());
    return std::optional<Labels>(std::move(labels));
  }

  bool IsCopied(std::string_view name, size_t row) const {
    if (name == kMetricNameLabel || !base_.labels(row).Get(name).empty()) return false;
    return request_.names.empty() || request_.names.contains(std::string(name));
  }

  const InfoRequest& request_;
  const InfoIndex& index_;
  const VectorValue& base_;
  VectorValue& out_;
  std::map<std::vector<size_t>, std::optional<size_t>> out_rows_;  // by the info series joined
};

Result<VectorValue> Info(NodeEvaluator& evaluator, const Call& call) {
  LUMA_ASSIGN_OR_RETURN(const InfoRequest request, ReadRequest(call));
  LUMA_ASSIGN_OR_RETURN(const VectorValue base, evaluator.Vector(*call.arguments[0]));
  VectorSelector selector{.matchers = request.all(), .shift = {}};
  if (const VectorSelector* const first = FirstSelector(*call.arguments[0])) {
    selector.shift = first->shift;
  }
  LUMA_ASSIGN_OR_RETURN(VectorValue times, SelectVector(evaluator.context(), evaluator.steps(),
                                                        selector, SampleField::kFloatTime));
  const InfoIndex index(std::move(times));
  LUMA_RETURN_IF_ERROR(evaluator.context().Book(base.size(), base.step_count()));
  VectorValue out(base.step_count(), &evaluator.context().meter());
  InfoJoin join(request, index, base, out);
  for (size_t row = 0; row < base.size(); ++row) LUMA_RETURN_IF_ERROR(join.JoinRow(row));
  LUMA_RETURN_IF_ERROR(MergeEqualLabels(out));
  return out;
}

}  // namespace

VectorFunction FindInfoFunction(std::string_view name) { return name == "info" ? Info : nullptr; }

}  // namespace luma::promql
