#include "rules/template_value.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include "promql/float_text.h"
#include "promql/histogram_text.h"

namespace luma::rules {
namespace {

// Outside of these decimal exponents, Go's shortest %g uses scientific notation.
constexpr int kExponentMin = -4;
constexpr int kExponentEnd = 6;

void AppendMap(const LabelMap& labels, size_t bytes_max, std::string& out) {
  out += "map[";
  for (const auto& [name, value] : labels) {
    if (out.size() > bytes_max) return;
    if (out.back() != '[') out.push_back(' ');
    out.append(name).append(":").append(value);
  }
  out += "]";
}

void AppendSample(const TemplateSample& sample, size_t bytes_max, std::string& out) {
  out += "{";
  AppendMap(*sample.labels, bytes_max, out);
  out += " " + GoFloatText(sample.value) + "}";
}

struct Truth {
  bool operator()(std::monostate) const { return false; }
  bool operator()(bool value) const { return value; }
  bool operator()(int64_t value) const { return value != 0; }
  bool operator()(double value) const { return value != 0; }
  bool operator()(const std::string& value) const { return !value.empty(); }
  bool operator()(const std::shared_ptr<const LabelMap>& value) const { return !value->empty(); }
  bool operator()(const std::shared_ptr<const TemplateSample>&) const { return true; }
  bool operator()(const HistogramPtr&) const { return true; }
  bool operator()(const std::shared_ptr<const TemplateSamples>& value) const {
    return !value->empty();
  }
  bool operator()(const std::shared_ptr<const TemplateRecord>& value) const {
    return !value->empty();
  }
};

// Appends to `out`.
struct Printed {
  const size_t bytes_max;
  std::string& out;

  void operator()(std::monostate) const { out += "<no value>"; }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(int64_t value) const { out += std::to_string(value); }
  void operator()(double value) const { out += GoFloatText(value); }
  void operator()(const std::string& value) const { out += value; }
  void operator()(const HistogramPtr& value) const { out += promql::HistogramText(*value); }
  void operator()(const std::shared_ptr<const LabelMap>& value) const {
    AppendMap(*value, bytes_max, out);
  }
  void operator()(const std::shared_ptr<const TemplateSample>& value) const {
    out += "&";
    AppendSample(*value, bytes_max, out);
  }
  void operator()(const std::shared_ptr<const TemplateSamples>& value) const {
    out += "[";
    for (const TemplateSample& sample : *value) {
      if (out.size() > bytes_max) return;
      if (out.back() != '[') out.push_back(' ');
      AppendSample(sample, bytes_max, out);
    }
    out += "]";
  }
  void operator()(const std::shared_ptr<const TemplateRecord>& value) const {
    out += "map[";
    for (const auto& [name, field] : *value) {
      if (out.size() > bytes_max) return;
      if (out.back() != '[') out.push_back(' ');
      out.append(name).append(":");
      std::visit(*this, field.variant());
    }
    out += "]";
  }
};

}  // namespace

bool TemplateValue::IsTrue() const { return std::visit(Truth(), variant_); }

std::string TemplateValue::Text(size_t bytes_max) const {
  std::string text;
  std::visit(Printed{.bytes_max = bytes_max, .out = text}, variant_);
  return text;
}

std::string_view TemplateValue::TypeName() const {
  constexpr std::string_view kNames[] = {"<nil>",
                                         "bool",
                                         "int",
                                         "float64",
                                         "string",
                                         "map[string]string",
                                         "*template.sample",
                                         "template.queryResult",
                                         "map[string]interface {}",
                                         "*histogram.FloatHistogram"};
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
