// The functions of templates: Go's own and Prometheus'.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/status.h"
#include "rules/template.h"

namespace luma::rules {

struct TemplateCall {
  const TemplateData& data;
  std::span<const TemplateValue> arguments;
};

struct TemplateFunction {
  std::string_view name;
  size_t arguments_min;
  size_t arguments_max;
  Result<TemplateValue> (*run)(const TemplateCall& call);
};

// Null when there is no such function.
const TemplateFunction* FindTemplateFunction(std::string_view name);

// printf, as Go formats: flags, width, precision and the verbs v s q d f F e E g G x X t c %.
// Another value than the verb takes gives Go's text for that: %!d(string=a). Errors: kTooLarge when
// the result is longer than kExpandedBytesMax.
Result<std::string> FormatTemplate(std::string_view format,
                                   std::span<const TemplateValue> arguments);

// "+5s" and the like: what the humanize functions are.
Result<double> NumberOfTemplateValue(const TemplateValue& value);
std::string Humanize(double value);
std::string Humanize1024(double value);
std::string HumanizeDuration(double seconds);
std::string HumanizePercentage(double value);
Result<std::string> HumanizeTimestamp(double seconds);

}  // namespace luma::rules
