#include "rules/template_value.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include "promql/float_text.h"

namespace luma::rules {
namespace {

// Outside of these decimal exponents, Go's shortest %g uses scientific notation.
constexpr int kExponentMin = -4;
constexpr int kExponentEnd = 6;

std::string MapText(const LabelMap& labels) {
  std::string text = "map[";
  for (const auto& [name, value] : labels) {
    if (text.back() != '[') text.push_back(' ');
    text.append(name).append(":").append(value);
  }
  return text + "]";
}

std::string SampleText(const TemplateSample& sample) {
  return "{" + MapText(*sample.labels) + " " + GoFloatText(sample.value) + "}";
}

struct Truth {
  bool operator()(std::monostate) const { return false; }
  bool operator()(bool value) const { return value; }
  bool operator()(int64_t value) const { return value != 0; }
  bool operator()(double value) const { return value != 0; }
  bool operator()(const std::string& value) const { return !value.empty(); }
  bool operator()(const std::shared_ptr<const LabelMap>& value) const { return !value->empty(); }
  bool operator()(const std::shared_ptr<const TemplateSample>&) const { return true; }
  bool operator()(const std::shared_ptr<const TemplateSamples>& value) const {
    return !value->empty();
  }
  bool operator()(const std::shared_ptr<const TemplateRecord>& value) const {
    return !value->empty();
  }
};

struct Printed {
  std::string operator()(std::monostate) const { return "<no value>"; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return GoFloatText(value); }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(const std::shared_ptr<const LabelMap>& value) const {
    return MapText(*value);
  }
  std::string operator()(const std::shared_ptr<const TemplateSample>& value) const {
    return "&" + SampleText(*value);
  }
  std::string operator()(const std::shared_ptr<const TemplateSamples>& value) const {
    std::string text = "[";
    for (const TemplateSample& sample : *value) {
      if (text.size() > 1) text.push_back(' ');
      text += SampleText(sample);
    }
    return text + "]";
  }
  std::string operator()(const std::shared_ptr<const TemplateRecord>& value) const {
    std::string text = "map[";
    for (const auto& [name, field] : *value) {
      if (text.back() != '[') text.push_back(' ');
      text.append(name).append(":").append(field.Text());
    }
    return text + "]";
  }
};

}  // namespace

bool TemplateValue::IsTrue() const { return std::visit(Truth(), variant_); }

std::string TemplateValue::Text() const { return std::visit(Printed(), variant_); }

std::string_view TemplateValue::TypeName() const {
  constexpr std::string_view kNames[] = {"<nil>",
                                         "bool",
                                         "int",
                                         "float64",
                                         "string",
                                         "map[string]string",
                                         "*template.sample",
                                         "template.queryResult",
                                         "map[string]interface {}"};
  return kNames[variant_.index()];
}

std::string GoFloatText(double value) {
  if (!std::isfinite(value) || value == 0) return promql::FloatText(value);
  char buffer[32];
  const auto [end, error] =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
  static_cast<void>(error);  // 24 characters at most
  const std::string_view text(buffer, static_cast<size_t>(end - buffer));
  const size_t mark = text.find('e');
  int exponent = 0;
  const char* const digits = text.data() + mark + (text[mark + 1] == '+' ? 2 : 1);
  std::from_chars(digits, end, exponent);
  if (exponent >= kExponentMin && exponent < kExponentEnd) return promql::FloatText(value);
  return std::string(text);
}

}  // namespace luma::rules
