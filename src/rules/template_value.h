// The values that templates compute with.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "model/float_histogram.h"

namespace luma::rules {

using LabelMap = std::map<std::string, std::string>;

// One series of a query's answer.
struct TemplateSample {
  std::shared_ptr<const LabelMap> labels;
  double value = 0;
};

class TemplateValue;
using TemplateSamples = std::vector<TemplateSample>;
using TemplateRecord = std::map<std::string, TemplateValue>;

// Immutable; copies are cheap. Threads: any.
class TemplateValue {
 public:
  using Variant =
      std::variant<std::monostate, bool, int64_t, double, std::string,
                   std::shared_ptr<const LabelMap>, std::shared_ptr<const TemplateSample>,
                   std::shared_ptr<const TemplateSamples>, std::shared_ptr<const TemplateRecord>,
                   HistogramPtr>;

  TemplateValue() = default;                                        // nil
  TemplateValue(Variant variant) : variant_(std::move(variant)) {}  // NOLINT: values convert

  template <typename T>
  const T* As() const {
    return std::get_if<T>(&variant_);
  }
  bool is_nil() const { return std::holds_alternative<std::monostate>(variant_); }
  const Variant& variant() const { return variant_; }

  // What "if" asks: false for nil, false, 0, "" and everything empty.
  bool IsTrue() const;
  // As Go's fmt.Print writes it: 1.5e+06, map[a:b c:d], <no value>. Ends early once it is longer
  // than `bytes_max`; it is then at most an element longer.
  std::string Text(size_t bytes_max = SIZE_MAX) const;
  // The name of its type in Go, for messages: "float64".
  std::string_view TypeName() const;

 private:
  Variant variant_;
};

// As Go's %v, which is strconv.FormatFloat(value, 'g', -1, 64): the shortest digits, with an
// exponent below 1e-4 and from 1e+06 on.
std::string GoFloatText(double value);

}  // namespace luma::rules
