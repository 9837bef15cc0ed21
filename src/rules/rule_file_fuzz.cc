// Any text is a rule file or is refused; its templates are expanded or fail, within their limits.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "rules/rule_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  luma::rules::TemplateData values;
  values.labels = std::make_shared<const luma::rules::LabelMap>(
      luma::rules::LabelMap{{"a", "1"}, {"b", "x.y:9"}});
  values.external_labels = std::make_shared<const luma::rules::LabelMap>();
  values.value = 0.5;
  values.query = [&values](std::string_view) -> luma::Result<luma::rules::TemplateSamples> {
    return luma::rules::TemplateSamples{{values.labels, 1}, {values.labels, 2}};
  };
  const auto expand = [&values](const luma::Result<luma::rules::Template>& parsed) {
    if (parsed.ok()) static_cast<void>(parsed->Expand(values).ok());
  };
  expand(luma::rules::Template::Parse(text));
  const auto groups = luma::rules::ParseRuleFile(text, "f");
  if (!groups.ok()) return 0;
  for (const luma::rules::RuleGroupSpec& group : *groups) {
    for (const auto& rule : group.rules) {
      for (const auto& [name, annotation] : rule->annotations) expand(annotation.parsed);
    }
  }
  return 0;
}
