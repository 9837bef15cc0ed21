#include "prom/json_writer.h"

#include "prom/number_text.h"

namespace luma::prom {
namespace {

bool NeedsEscape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

void AppendEscaped(char c, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '\n':
      out.append("\\n");
      return;
    case '\r':
      out.append("\\r");
      return;
    case '\t':
      out.append("\\t");
      return;
    case '"':
    case '\\':
      out.push_back('\\');
      out.push_back(c);
      return;
    default:
      out.append("\\u00");
      out.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
      out.push_back(kHex[c & 15]);
  }
}

}  // namespace

void JsonWriter::Open(char bracket) {
  Separate();
  out_.push_back(bracket);
  needs_comma_ = false;
}

void JsonWriter::Close(char bracket) {
  out_.push_back(bracket);
  needs_comma_ = true;
}

void JsonWriter::Separate() {
  if (needs_comma_) out_.push_back(',');
  needs_comma_ = true;
}

void JsonWriter::Key(std::string_view key) {
  Separate();
  Quote(key);
  out_.push_back(':');
  needs_comma_ = false;
}

void JsonWriter::String(std::string_view text) {
  Separate();
  Quote(text);
}

void JsonWriter::Raw(std::string_view json) {
  Separate();
  out_.append(json);
}

void JsonWriter::Quote(std::string_view text) {
  out_.push_back('"');
  size_t plain_from = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!NeedsEscape(text[i])) continue;
    out_.append(text.substr(plain_from, i - plain_from));
    AppendEscaped(text[i], out_);
    plain_from = i + 1;
  }
  out_.append(text.substr(plain_from));
  out_.push_back('"');
}

void JsonWriter::LabelSet(LabelsView labels) {
  BeginObject();
  for (const LabelRef& label : labels) {
    Key(label.name);
    String(label.value);
  }
  EndObject();
}

void JsonWriter::Point(UnixMillis time, double value) {
  Separate();
  out_.push_back('[');
  AppendTimestamp(time, out_);
  out_.append(",\"");
  AppendFloat(value, out_);
  out_.append("\"]");
}

void JsonWriter::TextPoint(UnixMillis time, std::string_view text) {
  Separate();
  out_.push_back('[');
  AppendTimestamp(time, out_);
  out_.push_back(',');
  Quote(text);
  out_.push_back(']');
}

}  // namespace luma::prom
