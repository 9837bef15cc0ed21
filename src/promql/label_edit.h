// Label sets made from others: what grouping, matching and relabelling need.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "model/labels.h"

namespace luma::promql {

// Labels that say what a metric is: its name, its type and its unit. They go together.
bool IsMetadataLabel(std::string_view name);

// `names` must be sorted in the next three.
bool IsListed(std::span<const std::string> names, std::string_view name);
Labels KeepLabels(LabelsView labels, std::span<const std::string> names);
// Without the listed labels and without the metric name.
Labels IgnoreLabels(LabelsView labels, std::span<const std::string> names);

Labels WithoutMetadata(LabelsView labels);

// Sorted and without repeats.
std::vector<std::string> SortedNames(std::vector<std::string> names);

// A label set to be changed label by label. The texts given to Set are copied.
class LabelEdit {
 public:
  explicit LabelEdit(LabelsView labels) {
    for (const LabelRef& label : labels) Set(label.name, label.value);
  }
  LabelEdit() = default;

  std::string_view Get(std::string_view name) const;
  // An empty value removes the label.
  void Set(std::string_view name, std::string_view value);
  void Remove(std::string_view name) { Set(name, ""); }
  // Errors: kInvalidArgument when the labels are too long or not UTF-8.
  Result<Labels> Take() const;

 private:
  std::vector<std::pair<std::string, std::string>> labels_;
};

}  // namespace luma::promql
