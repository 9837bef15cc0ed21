#include "promql/match_groups.h"

#include <utility>

namespace luma::promql {
namespace {

class Grouper {
 public:
  explicit Grouper(const VectorMatching& matching)
      : on_(matching.on), names_(SortedNames(matching.labels)) {}

  MatchGroup& GroupOf(LabelsView labels) {
    Labels key = on_ ? KeepLabels(labels, names_) : IgnoreLabels(labels, names_);
    const auto [at, is_new] = numbers_.try_emplace(std::string(key.canonical()), groups_.size());
    if (is_new) groups_.push_back({.labels = std::move(key), .left = {}, .right = {}});
    return groups_[at->second];
  }
  std::vector<MatchGroup> Take() { return std::move(groups_); }

 private:
  const bool on_;
  const std::vector<std::string> names_;
  std::unordered_map<std::string, size_t> numbers_;
  std::vector<MatchGroup> groups_;
};

}  // namespace

std::vector<MatchGroup> GroupForMatching(const VectorMatching& matching, const VectorValue& left,
                                         const VectorValue& right) {
  Grouper grouper(matching);
  for (size_t row = 0; row < left.size(); ++row) {
    grouper.GroupOf(left.labels(row)).left.push_back(row);
  }
  for (size_t row = 0; row < right.size(); ++row) {
    grouper.GroupOf(right.labels(row)).right.push_back(row);
  }
  return grouper.Take();
}

}  // namespace luma::promql
