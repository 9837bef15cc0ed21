#include "prom/scrape/yaml_fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "rules/rule_file.h"

namespace luma::prom {
namespace {

// The factor of "KB", "MiB", ... or 0.
uint64_t UnitBytes(std::string_view unit) {
  if (unit.empty() || unit == "B") return 1;
  constexpr std::string_view kPrefixes = "KMGTPE";
  const size_t power = kPrefixes.find(unit[0]);
  const std::string_view rest = unit.substr(1);
  const bool is_unit = power != std::string_view::npos && (rest == "B" || rest == "iB");
  return is_unit ? uint64_t{1} << (10 * (power + 1)) : 0;
}

bool IsNothing(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kScalar:
      return node.IsNull() || node.text.empty() || node.text == "false";
    case YamlNode::Kind::kSequence:
      return node.items.empty();
    case YamlNode::Kind::kMapping:
      return node.entries.empty();
  }
  return false;
}

// A reader of a scalar: `parse` gives its value from the text.
template <typename T, typename Parse>
FieldReader ScalarReader(T& to, Parse parse) {
  return [&to, parse](const YamlNode& node) -> Status {
    if (node.IsNull()) return Status::Ok();
    LUMA_ASSIGN_OR_RETURN(const std::string text, ReadText(node));
    Result<T> value = parse(text);
    if (!value.ok()) return YamlError(node, value.status().message());
    to = *std::move(value);
    return Status::Ok();
  };
}

Result<bool> ParseBool(const std::string& text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return Status::InvalidArgument("expected true or false, got \"", text, "\"");
}

Result<uint64_t> ParseCount(const std::string& text) {
  uint64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, count);
  if (error == std::errc() && stop == end) return count;
  return Status::InvalidArgument("expected a number that is not negative, got \"", text, "\"");
}

Result<double> ParseNumber(const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stop == end && std::isfinite(number)) return number;
  return Status::InvalidArgument("expected a number, got \"", text, "\"");
}

Result<uint64_t> ParseByteCount(const std::string& text) {
  uint64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, count);
  const uint64_t unit = UnitBytes({stop, static_cast<size_t>(end - stop)});
  uint64_t bytes = 0;
  if (error == std::errc() && unit != 0 && !__builtin_mul_overflow(count, unit, &bytes)) {
    return bytes;
  }
  return Status::InvalidArgument("not a valid size: \"", text, "\"");
}

}  // namespace

Status YamlError(const YamlNode& node, std::string_view problem) {
  return Status::InvalidArgument("line ", node.line, ": ", problem);
}

Status ReadFields(const YamlNode& node, std::string_view type,
                  std::initializer_list<YamlField> fields) {
  if (node.IsNull()) return Status::Ok();
  if (node.kind != YamlNode::Kind::kMapping) return YamlError(node, "expected keys with values");
  for (const auto& [key, value] : node.entries) {
    const auto* const field = std::ranges::find(fields, key.text, &YamlField::name);
    if (field == fields.end()) {
      return YamlError(key, "field " + key.text + " not found in type " + std::string(type));
    }
    LUMA_RETURN_IF_ERROR(field->read(value));
  }
  return Status::Ok();
}

Result<std::string> ReadText(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kScalar) return YamlError(node, "expected a text");
  return node.IsNull() ? std::string() : node.text;
}

FieldReader Into(std::string& to) {
  return ScalarReader(to, [](const std::string& text) -> Result<std::string> { return text; });
}
FieldReader Into(bool& to) { return ScalarReader(to, ParseBool); }
FieldReader Into(uint64_t& to) { return ScalarReader(to, ParseCount); }
FieldReader Into(double& to) { return ScalarReader(to, ParseNumber); }
FieldReader IntoByteCount(uint64_t& to) { return ScalarReader(to, ParseByteCount); }
FieldReader Into(std::chrono::milliseconds& to) {
  return ScalarReader(to, [](const std::string& text) { return rules::ParseRuleDuration(text); });
}
FieldReader Into(std::vector<std::string>& to) { return IntoList<std::string>(to, ReadText); }

FieldReader Into(std::map<std::string, std::string>& to) {
  return [&to](const YamlNode& node) -> Status {
    if (node.IsNull()) return Status::Ok();
    if (node.kind != YamlNode::Kind::kMapping) return YamlError(node, "expected names with values");
    for (const auto& [key, value] : node.entries) {
      LUMA_ASSIGN_OR_RETURN(std::string text, ReadText(value));
      to.insert_or_assign(key.text, std::move(text));
    }
    return Status::Ok();
  };
}

FieldReader Refused(std::string_view name) {
  return [name](const YamlNode& node) -> Status {
    if (IsNothing(node)) return Status::Ok();
    return YamlError(node, std::string(name) + " is not supported by this server");
  };
}

FieldReader Ignored(std::string_view name, std::string_view why,
                    std::vector<std::string>& warnings) {
  return [name, why, &warnings](const YamlNode& node) -> Status {
    if (IsNothing(node)) return Status::Ok();
    warnings.push_back("line " + std::to_string(node.line) + ": " + std::string(name) + " " +
                       std::string(why));
    return Status::Ok();
  };
}

}  // namespace luma::prom
