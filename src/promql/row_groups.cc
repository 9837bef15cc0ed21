#include "promql/row_groups.h"

#include <string>
#include <unordered_map>
#include <utility>

#include "promql/label_edit.h"

namespace luma::promql {

std::vector<RowGroup> GroupRows(const Aggregate& aggregate, const VectorValue& vector) {
  const std::vector<std::string> names = SortedNames(aggregate.labels);
  std::vector<RowGroup> groups;
  std::unordered_map<std::string, size_t> numbers;
  for (size_t row = 0; row < vector.size(); ++row) {
    const Labels& labels = vector.labels(row);
    Labels key = aggregate.without ? IgnoreLabels(labels, names) : KeepLabels(labels, names);
    const auto [at, is_new] = numbers.try_emplace(std::string(key.canonical()), groups.size());
    if (is_new) {
      groups.push_back({.labels = std::move(key), .drop_name = vector.drop_name(row), .rows = {}});
    }
    groups[at->second].rows.push_back(row);
  }
  return groups;
}

}  // namespace luma::promql
