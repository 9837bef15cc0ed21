#include "promql/annotations.h"

#include <algorithm>
#include <utility>

namespace luma::promql {
namespace {

// A query over a million series may have as many remarks; nobody reads more than these.
constexpr size_t kTextsMax = 10;

std::string OfMetric(std::string_view text, std::string_view name) {
  std::string result(text);
  if (!name.empty()) result.append(" for metric name \"").append(name).append("\"");
  return result;
}

}  // namespace

void Annotations::WarnAboutMetric(std::string_view text, std::string_view name) {
  Warn(OfMetric(text, name));
}

void Annotations::InformAboutMetric(std::string_view text, std::string_view name) {
  Inform(OfMetric(text, name));
}

void Annotations::Add(const Annotations& others) {
  for (const std::string& text : others.warnings_) AddOnce(text, warnings_);
  for (const std::string& text : others.infos_) AddOnce(text, infos_);
}

void Annotations::AddOnce(std::string text, std::vector<std::string>& texts) {
  if (texts.size() >= kTextsMax || std::ranges::find(texts, text) != texts.end()) return;
  texts.push_back(std::move(text));
}

}  // namespace luma::promql
