#include "sql/text_rendering.h"

#include <array>
#include <charconv>
#include <cmath>

namespace luma::sql {
namespace {

using duckdb::LogicalTypeId;
using duckdb::Value;

bool IsArray(const Value& value) {
  return value.type().id() == LogicalTypeId::LIST || value.type().id() == LogicalTypeId::ARRAY;
}

const duckdb::vector<Value>& Elements(const Value& array) {
  return array.type().id() == LogicalTypeId::LIST ? duckdb::ListValue::GetChildren(array)
                                                  : duckdb::ArrayValue::GetChildren(array);
}

template <typename T>
std::string NumberText(T number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  return std::string(buffer.data(), end);
}

std::string HexText(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "\\x";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

bool NeedsQuotes(const std::string& element) {
  if (element.empty() || duckdb::StringUtil::CIEquals(element, "null")) return true;
  return element.find_first_of("{},\"\\ \t\n\r\v\f") != std::string::npos;
}

std::string ArrayText(const Value& array) {
  std::string text = "{";
  for (const Value& element : Elements(array)) {
    if (text.size() > 1) text += ",";
    if (element.IsNull()) {
      text += "NULL";
      continue;
    }
    const std::string part = RenderText(element);
    if (IsArray(element) || !NeedsQuotes(part)) {
      text += part;
      continue;
    }
    text += '"';
    for (const char c : part) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + "}";
}

std::string JsonString(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        json += "\\\"";
        break;
      case '\\':
        json += "\\\\";
        break;
      case '\n':
        json += "\\n";
        break;
      case '\r':
        json += "\\r";
        break;
      case '\t':
        json += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          constexpr char kDigits[] = "0123456789abcdef";
          json += std::string("\\u00") + kDigits[(c >> 4) & 15] + kDigits[c & 15];
        } else {
          json += c;
        }
    }
  }
  return json + "\"";
}

std::string JsonText(const Value& value);

std::string JsonArray(const Value& array) {
  std::string json = "[";
  for (const Value& element : Elements(array)) {
    if (json.size() > 1) json += ", ";
    json += JsonText(element);
  }
  return json + "]";
}

std::string JsonOfStruct(const Value& value) {
  std::string json = "{";
  const auto& children = duckdb::StructValue::GetChildren(value);
  for (size_t i = 0; i < children.size(); ++i) {
    if (i > 0) json += ", ";
    const std::string name = duckdb::StructType::GetChildName(value.type(), i);
    json += JsonString(name) + ": " + JsonText(children[i]);
  }
  return json + "}";
}

std::string JsonOfMap(const Value& map) {
  std::string json = "{";
  for (const Value& entry : duckdb::MapValue::GetChildren(map)) {
    const auto& pair = duckdb::StructValue::GetChildren(entry);
    if (json.size() > 1) json += ", ";
    json += JsonString(pair[0].ToString()) + ": " + JsonText(pair[1]);
  }
  return json + "}";
}

std::string JsonText(const Value& value) {
  if (value.IsNull()) return "null";
  switch (value.type().id()) {
    case LogicalTypeId::LIST:
    case LogicalTypeId::ARRAY:
      return JsonArray(value);
    case LogicalTypeId::STRUCT:
      return JsonOfStruct(value);
    case LogicalTypeId::MAP:
      return JsonOfMap(value);
    case LogicalTypeId::UNION:
      return JsonText(duckdb::UnionValue::GetValue(value));
    case LogicalTypeId::BOOLEAN:
      return value.GetValue<bool>() ? "true" : "false";
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::DOUBLE: {
      const double number = value.GetValue<double>();
      return std::isfinite(number) ? RenderText(value) : JsonString(RenderText(value));
    }
    case LogicalTypeId::VARCHAR:
      return value.type().IsJSONType() ? value.ToString() : JsonString(value.ToString());
    default:
      return value.type().IsNumeric() ? value.ToString() : JsonString(RenderText(value));
  }
}

}  // namespace

std::string RenderText(const Value& value) {
  switch (value.type().id()) {
    case LogicalTypeId::LIST:
    case LogicalTypeId::ARRAY:
      return ArrayText(value);
    case LogicalTypeId::STRUCT:
    case LogicalTypeId::MAP:
    case LogicalTypeId::UNION:
      return JsonText(value);
    case LogicalTypeId::BOOLEAN:
      return value.GetValue<bool>() ? "t" : "f";
    case LogicalTypeId::FLOAT:
      return NumberText(value.GetValue<float>());
    case LogicalTypeId::DOUBLE:
      return NumberText(value.GetValue<double>());
    case LogicalTypeId::BLOB:
      return HexText(duckdb::StringValue::Get(value));
    default:
      return value.ToString();
  }
}

}  // namespace luma::sql
