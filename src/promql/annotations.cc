#include "promql/annotations.h"

#include <algorithm>

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

void Annotations::Add(std::string_view prefix, std::string_view text,
                      std::vector<std::string>& texts) {
  if (texts.size() >= kTextsMax) return;
  std::string whole(prefix);
  whole.append(text);
  if (std::find(texts.begin(), texts.end(), whole) == texts.end()) texts.push_back(whole);
}

}  // namespace luma::promql
