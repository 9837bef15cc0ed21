#include "promql/binary_matching.h"

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "promql/histogram_operators.h"
#include "promql/label_edit.h"
#include "promql/match_groups.h"
#include "promql/scalar_arithmetic.h"

namespace luma::promql {
namespace {

// A row of one side, or what fills in for it.
struct Operand {
  const VectorValue* vector = nullptr;
  size_t row = 0;
  double fill = 0;  // without a vector
  double At(size_t step) const { return vector == nullptr ? fill : vector->At(row, step); }
  bool has_histograms() const { return vector != nullptr && vector->HasHistograms(row); }
  Element ElementAt(size_t step) const {
    if (vector == nullptr) return {.value = fill};
    return {.value = vector->At(row, step), .histogram = vector->SharedHistogram(row, step)};
  }
};

Presence AllSteps(const VectorValue& vector) {
  Presence any;
  for (size_t row = 0; row < vector.size(); ++row) AddTo(any, vector.presence(row));
  return any;
}

// "Many" is the left side, except with group_right; the other is the "one" side. fill_left fills
// the many side and fill_right the one side also with group_right: as in Prometheus.
class PairMatching {
 public:
  PairMatching(EvaluationContext& context, const Binary& binary, const VectorValue& left,
               const VectorValue& right)
      : context_(context),
        binary_(binary),
        swapped_(binary.matching.grouping == Grouping::kRight),
        one_to_one_(binary.matching.grouping == Grouping::kNone),
        many_(swapped_ ? right : left),
        one_(swapped_ ? left : right),
        fill_many_(binary.matching.fill_left),
        fill_one_(binary.matching.fill_right),
        matching_labels_(SortedNames(binary.matching.labels)),
        any_many_(AllSteps(many_)),
        out_(left.step_count(), &context.meter()) {
    out_.Reserve(many_.size());
  }

  Status MatchGroupOf(const MatchGroup& group) {
    const std::vector<size_t>& many = swapped_ ? group.right : group.left;
    const std::vector<size_t>& one = swapped_ ? group.left : group.right;
    LUMA_RETURN_IF_ERROR(CheckOneSide(group, one));
    rows_of_group_.clear();
    Presence matched;  // steps at which some series of the many side has found its partner
    for (const size_t many_row : many) {
      LUMA_RETURN_IF_ERROR(context_.CheckDeadline());
      for (const size_t one_row : one) {
        const Presence steps = Both(many_.presence(many_row), one_.presence(one_row));
        if (IsEmpty(steps)) continue;
        if (one_to_one_ && !IsEmpty(Both(steps, matched))) {
          return Status::InvalidArgument(
              "multiple matches for labels: many-to-one matching must be explicit "
              "(group_left/group_right)");
        }
        AddTo(matched, steps);
        LUMA_RETURN_IF_ERROR(Combine(many_.labels(many_row), one_.labels(one_row),
                                     many_.drop_name(many_row), {&many_, many_row},
                                     {&one_, one_row}, steps));
      }
    }
    LUMA_RETURN_IF_ERROR(FillOneSide(group, many, AnyOf(one_, one)));
    return FillManySide(group, one, AnyOf(many_, many));
  }

  Result<VectorValue> Take() {
    out_.RemoveRowsIf([&](size_t row) { return out_.IsEmptyRow(row); });
    LUMA_RETURN_IF_ERROR(MergeEqualLabels(out_));
    return std::move(out_);
  }

 private:
  // A series of the one side must be alone in its group at every step at which there is anything
  // to match it with.
  Status CheckOneSide(const MatchGroup& group, const std::vector<size_t>& rows) const {
    Presence seen;
    for (const size_t row : rows) {
      const Presence twice = Both(Both(one_.presence(row), seen), any_many_);
      if (!IsEmpty(twice)) return DuplicateError(group, one_.labels(rows[0]), one_.labels(row));
      AddTo(seen, one_.presence(row));
    }
    return Status::Ok();
  }

  Status DuplicateError(const MatchGroup& group, const Labels& a, const Labels& b) const {
    return Status::InvalidArgument(
        "found duplicate series for the match group ", group.labels.ToString(), " on the ",
        swapped_ ? "left" : "right", " hand-side of the operation: [", b.ToString(), ", ",
        a.ToString(),
        "];many-to-many matching not allowed: matching labels must be unique on one side");
  }

  Status FillOneSide(const MatchGroup& group, const std::vector<size_t>& many,
                     const Presence& any_one) {
    if (!fill_one_) return Status::Ok();
    for (const size_t row : many) {
      LUMA_RETURN_IF_ERROR(Combine(many_.labels(row), group.labels, many_.drop_name(row),
                                   {&many_, row}, {.fill = *fill_one_},
                                   Without(many_.presence(row), any_one)));
    }
    return Status::Ok();
  }

  Status FillManySide(const MatchGroup& group, const std::vector<size_t>& one,
                      const Presence& any_many) {
    if (!fill_many_) return Status::Ok();
    for (const size_t row : one) {
      LUMA_RETURN_IF_ERROR(Combine(group.labels, one_.labels(row), false, {.fill = *fill_many_},
                                   {&one_, row}, Without(one_.presence(row), any_many)));
    }
    return Status::Ok();
  }

  Status Combine(const Labels& many_labels, const Labels& one_labels, bool drop_name,
                 const Operand& many, const Operand& one, const Presence& steps) {
    if (IsEmpty(steps)) return Status::Ok();
    LUMA_ASSIGN_OR_RETURN(Labels labels, ResultLabels(many_labels, one_labels));
    const size_t row = RowOf(std::move(labels), drop_name || binary_.return_bool);
    if (!IsEmpty(Both(steps, claimed_[row]))) {
      return Status::InvalidArgument(
          "multiple matches for labels: grouping labels must ensure unique matches");
    }
    AddTo(claimed_[row], steps);
    Compute(row, swapped_ ? one : many, swapped_ ? many : one, steps);
    return Status::Ok();
  }

  void Compute(size_t row, const Operand& left, const Operand& right, const Presence& steps) {
    if (left.has_histograms() || right.has_histograms() || IsTrim(binary_.op)) {
      ForEachStep(steps, [&](size_t step) {
        ComputeElement(row, step, left.ElementAt(step), right.ElementAt(step));
      });
      return;
    }
    const bool filters = IsComparison(binary_.op) && !binary_.return_bool;
    ForEachStep(steps, [&](size_t step) {
      const double value = ApplyBinary(binary_.op, left.At(step), right.At(step));
      if (!filters) {
        out_.Set(row, step, value);
      } else if (value != 0) {
        out_.Set(row, step, left.At(step));
      }
    });
  }

  void ComputeElement(size_t row, size_t step, Element left, const Element& right) {
    ElementResult found = ApplyToElements(binary_.op, left, right, context_.annotations());
    const bool is_true = found.outcome == ElementOutcome::kTrue;
    if (found.outcome == ElementOutcome::kNothing) return;
    if (found.outcome == ElementOutcome::kValue) {
      SetElement(row, step, std::move(found.result));
    } else if (binary_.return_bool) {
      out_.Set(row, step, is_true ? 1 : 0);
    } else if (is_true) {
      SetElement(row, step, std::move(left));
    }
  }
  void SetElement(size_t row, size_t step, Element element) {
    if (element.histogram != nullptr) {
      out_.SetHistogram(row, step, std::move(element.histogram));
    } else {
      out_.Set(row, step, element.value);
    }
  }

  Result<Labels> ResultLabels(const Labels& many, const Labels& one) const {
    const bool keeps_name = IsComparison(binary_.op) || IsTrim(binary_.op);
    Labels labels = keeps_name ? many : WithoutMetadata(many);
    if (one_to_one_ && binary_.matching.on) return KeepLabels(labels, matching_labels_);
    if (binary_.matching.include.empty() && !one_to_one_) return labels;
    LabelEdit edit(labels);
    if (one_to_one_) {
      for (const std::string& name : matching_labels_) edit.Remove(name);
    }
    for (const std::string& name : binary_.matching.include) edit.Set(name, one.Get(name));
    return edit.Take();
  }

  // Equal labels within one match group share a row.
  size_t RowOf(Labels labels, bool drop_name) {
    const auto [at, is_new] =
        rows_of_group_.try_emplace(std::string(labels.canonical()), out_.size());
    if (is_new) {
      out_.AddRow(std::move(labels), drop_name);
      claimed_.emplace_back();
    }
    return at->second;
  }

  EvaluationContext& context_;
  const Binary& binary_;
  const bool swapped_;
  const bool one_to_one_;
  const VectorValue& many_;
  const VectorValue& one_;
  const std::optional<double> fill_many_;
  const std::optional<double> fill_one_;
  const std::vector<std::string> matching_labels_;
  const Presence any_many_;
  VectorValue out_;
  std::vector<Presence> claimed_;  // steps of each row of out_ that a pair was found for
  std::unordered_map<std::string, size_t> rows_of_group_;
};

}  // namespace

Result<VectorValue> MatchVectors(EvaluationContext& context, const Binary& binary,
                                 const VectorValue& left, const VectorValue& right) {
  LUMA_RETURN_IF_ERROR(context.Book(std::max(left.size(), right.size()), left.step_count()));
  PairMatching matching(context, binary, left, right);
  for (const MatchGroup& group : GroupForMatching(binary.matching, left, right)) {
    LUMA_RETURN_IF_ERROR(matching.MatchGroupOf(group));
  }
  return matching.Take();
}

}  // namespace luma::promql
