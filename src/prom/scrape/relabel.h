// Prometheus' relabel_configs: rules that rewrite, keep or drop a set of labels.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "rules/yaml.h"

namespace re2 {
class RE2;
}

namespace luma::prom {

// A set of labels under change. A label that is set to nothing is not there.
class LabelBuilder {
 public:
  using Map = std::map<std::string, std::string, std::less<>>;

  LabelBuilder() = default;
  explicit LabelBuilder(Map labels) : labels_(std::move(labels)) {}

  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const { return labels_.contains(name); }
  void Set(std::string_view name, std::string_view value);
  void Delete(std::string_view name);
  const Map& labels() const { return labels_; }

 private:
  Map labels_;
};

enum class RelabelAction : uint8_t {
  kReplace,
  kKeep,
  kDrop,
  kKeepEqual,
  kDropEqual,
  kHashMod,
  kLabelMap,
  kLabelDrop,
  kLabelKeep,
  kLowercase,
  kUppercase,
};
std::string_view RelabelActionName(RelabelAction action);  // "labelmap"

// Which names labels and metrics may have: any UTF-8, or [a-zA-Z_][a-zA-Z0-9_]*.
enum class NameValidation : uint8_t { kUtf8, kLegacy };
bool IsValidLabelName(std::string_view name, NameValidation validation);
bool IsValidMetricName(std::string_view name, NameValidation validation);  // may have colons

// One rule. Immutable once read; copies share the compiled expression. Threads: any.
struct RelabelRule {
  RelabelAction action = RelabelAction::kReplace;
  std::vector<std::string> source_labels = {};
  std::string separator = ";";
  std::string regex_text = "(.*)";
  std::string target_label = {};
  std::string replacement = "$1";
  uint64_t modulus = 0;
  NameValidation validation = NameValidation::kUtf8;
  std::shared_ptr<const re2::RE2> regex = nullptr;  // of the whole text; a dot matches line feeds
};

// One entry of relabel_configs. Errors: kInvalidArgument with the line and Prometheus' words.
Result<RelabelRule> ReadRelabelRule(const rules::YamlNode& node, NameValidation validation);

// Applies the rules in order. False as soon as one says that the labels are to be dropped.
bool Relabel(std::span<const RelabelRule> rules, LabelBuilder& labels);

}  // namespace luma::prom
