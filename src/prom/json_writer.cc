#include "prom/json_writer.h"

#include <algorithm>

#include "model/utf8.h"
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

constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";
constexpr size_t kUtf8BytesMax = 4;

// The length of the character at the front of `text`, 0 when there is no valid one.
size_t CharacterBytes(std::string_view text) {
  for (size_t bytes = 1; bytes <= std::min(text.size(), kUtf8BytesMax); ++bytes) {
    if (IsValidUtf8(text.substr(0, bytes))) return bytes;
  }
  return 0;
}

// For the rare text that quotes what a client sent.
std::string ToValidUtf8(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const size_t bytes = CharacterBytes(text);
    valid.append(bytes > 0 ? text.substr(0, bytes) : kReplacementCharacter);
    text.remove_prefix(std::max<size_t>(bytes, 1));
  }
  return valid;
}

// Which bounds belong to a bucket: 0 the upper, 1 the lower, 2 none, 3 both.
std::string_view BoundaryRule(const HistogramRange& range) {
  if (range.includes_lower) return range.includes_upper ? "3" : "1";
  return range.includes_upper ? "0" : "2";
}

}  // namespace

uint64_t StringTextBytes(std::string_view text) {
  constexpr uint64_t kQuotesAndComma = 3;
  constexpr uint64_t kEscapeBytesMore = 5;  // \u001f
  const auto escapes = static_cast<uint64_t>(std::ranges::count_if(text, NeedsEscape));
  return kQuotesAndComma + text.size() + kEscapeBytesMore * escapes;
}

uint64_t LabelSetTextBytes(LabelsView labels) {
  uint64_t bytes = 3;  // {},
  for (const LabelRef& label : labels) {
    bytes += StringTextBytes(label.name) + StringTextBytes(label.value);
  }
  return bytes;
}

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
  QuoteAnything(text);
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

void JsonWriter::QuoteAnything(std::string_view text) {
  if (IsValidUtf8(text)) {
    Quote(text);
  } else {
    Quote(ToValidUtf8(text));
  }
}

void JsonWriter::LabelSet(LabelsView labels) {
  BeginObject();
  for (const LabelRef& label : labels) {
    Key(label.name);
    Separate();
    Quote(label.value);
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

void JsonWriter::Time(UnixMillis time) {
  Separate();
  AppendTimestamp(time, out_);
}

void JsonWriter::Number(double value) {
  Separate();
  out_.push_back('"');
  AppendFloat(value, out_);
  out_.push_back('"');
}

void JsonWriter::HistogramPoint(UnixMillis time, const FloatHistogram& histogram) {
  BeginArray();
  Time(time);
  BeginObject();
  Key("count");
  Number(histogram.count);
  Key("sum");
  Number(histogram.sum);
  const std::vector<HistogramRange> ranges = RangesOf(histogram);
  if (!ranges.empty()) {
    Key("buckets");
    BeginArray();
    for (const HistogramRange& range : ranges) {
      BeginArray();
      Raw(BoundaryRule(range));
      Number(range.lower);
      Number(range.upper);
      Number(range.count);
      EndArray();
    }
    EndArray();
  }
  EndObject();
  EndArray();
}

void JsonWriter::TextPoint(UnixMillis time, std::string_view text) {
  Separate();
  out_.push_back('[');
  AppendTimestamp(time, out_);
  out_.push_back(',');
  QuoteAnything(text);
  out_.push_back(']');
}

}  // namespace luma::prom
