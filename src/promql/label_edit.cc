#include "promql/label_edit.h"

#include <algorithm>

#include "base/check.h"

namespace luma::promql {
namespace {

template <typename Wanted>
Labels Filtered(LabelsView labels, Wanted wanted) {
  std::vector<LabelRef> kept;
  for (const LabelRef& label : labels) {
    if (wanted(label.name)) kept.push_back(label);
  }
  std::string canonical;
  LUMA_CHECK(AppendCanonical(kept, canonical) == LabelsOutcome::kOk);  // part of a valid set
  return Labels(LabelsView(canonical));
}

}  // namespace

bool IsMetadataLabel(std::string_view name) {
  return name == kMetricNameLabel || name == "__type__" || name == "__unit__";
}

bool IsListed(std::span<const std::string> names, std::string_view name) {
  return std::binary_search(names.begin(), names.end(), name);
}

Labels KeepLabels(LabelsView labels, std::span<const std::string> names) {
  return Filtered(labels, [&](std::string_view name) { return IsListed(names, name); });
}

Labels IgnoreLabels(LabelsView labels, std::span<const std::string> names) {
  return Filtered(labels, [&](std::string_view name) {
    return name != kMetricNameLabel && !IsListed(names, name);
  });
}

Labels WithoutMetadata(LabelsView labels) {
  return Filtered(labels, [](std::string_view name) { return !IsMetadataLabel(name); });
}

std::vector<std::string> SortedNames(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string_view LabelEdit::Get(std::string_view name) const {
  for (const auto& [key, value] : labels_) {
    if (key == name) return value;
  }
  return "";
}

void LabelEdit::Set(std::string_view name, std::string_view value) {
  for (auto& [key, old] : labels_) {
    if (key == name) {
      old.assign(value);
      return;
    }
  }
  labels_.emplace_back(name, value);
}

Result<Labels> LabelEdit::Take() const {
  std::vector<LabelRef> refs;
  for (const auto& [name, value] : labels_) refs.push_back({name, value});
  return Labels::Of(std::move(refs));
}

}  // namespace luma::promql
