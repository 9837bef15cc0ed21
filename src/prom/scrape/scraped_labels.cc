#include "prom/scrape/scraped_labels.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace luma::prom {
namespace {

// The start of a text, as Prometheus' "%.50s" shows it.
std::string_view Short(std::string_view text) { return text.substr(0, 50); }

Status CheckNames(const LabelBuilder& labels, NameValidation validation) {
  const std::string_view metric = labels.Get(kMetricNameLabel);
  if (metric.empty()) return Status::InvalidArgument("missing metric name (__name__ label)");
  bool is_valid = IsValidMetricName(metric, validation);
  for (const auto& [name, value] : labels.labels()) {
    is_valid = is_valid && (name == kMetricNameLabel || IsValidLabelName(name, validation));
  }
  if (is_valid) return Status::Ok();
  return Status::InvalidArgument("invalid metric name or label names: metric=", metric);
}

Status CheckLimits(const LabelBuilder& labels, const ScrapeLimits& limits) {
  const std::string_view metric = Short(labels.Get(kMetricNameLabel));
  const size_t count = labels.labels().size();
  if (limits.labels > 0 && count > limits.labels) {
    return Status::TooLarge("label_limit exceeded (metric: ", metric, ", number of labels: ", count,
                            ", limit: ", limits.labels, ")");
  }
  for (const auto& [name, value] : labels.labels()) {
    if (limits.label_name_bytes > 0 && name.size() > limits.label_name_bytes) {
      return Status::TooLarge("label_name_length_limit exceeded (metric: ", metric,
                              ", label name: ", Short(name), ", length: ", name.size(),
                              ", limit: ", limits.label_name_bytes, ")");
    }
    if (limits.label_value_bytes > 0 && value.size() > limits.label_value_bytes) {
      return Status::TooLarge("label_value_length_limit exceeded (metric: ", metric,
                              ", label name: ", Short(name), ", value: ", Short(value),
                              ", length: ", value.size(), ", limit: ", limits.label_value_bytes,
                              ")");
    }
  }
  return Status::Ok();
}

}  // namespace

void TakeTargetLabels(const Labels& target, LabelBuilder& labels) {
  std::vector<std::pair<std::string, std::string>> conflicts;
  for (const LabelRef& label : target) {
    if (const std::string_view value = labels.Get(label.name); !value.empty()) {
      conflicts.emplace_back(label.name, value);
    }
    labels.Set(label.name, label.value);
  }
  std::ranges::sort(conflicts, {}, [](const auto& label) {
    return std::pair(label.first.size(), std::string_view(label.first));
  });
  for (const auto& [name, value] : conflicts) {
    std::string renamed = "exported_" + name;
    while (labels.Has(renamed)) renamed = "exported_" + renamed;
    labels.Set(renamed, value);
  }
}

Status AddTargetLabels(const std::vector<LabelRef>& scraped, const Labels& target,
                       bool honor_labels, LabelBuilder& labels) {
  for (const LabelRef& label : scraped) {
    if (labels.Has(label.name)) {
      return Status::InvalidArgument("label name \"", label.name, "\" is not unique");
    }
    labels.Set(label.name, label.value);
  }
  if (!honor_labels) {
    TakeTargetLabels(target, labels);
    return Status::Ok();
  }
  for (const LabelRef& label : target) {
    // Also a label without a value is honored: so a target gets rid of one.
    const bool is_scraped =
        std::ranges::find(scraped, label.name, &LabelRef::name) != scraped.end();
    if (!is_scraped) labels.Set(label.name, label.value);
  }
  return Status::Ok();
}

Status CheckScrapedLabels(const LabelBuilder& labels, const ScrapeConfig& config) {
  LUMA_RETURN_IF_ERROR(CheckNames(labels, config.validation));
  return CheckLimits(labels, config.limits);
}

}  // namespace luma::prom
