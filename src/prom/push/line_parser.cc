#include "prom/push/line_parser.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "prom/scrape/series_text.h"
#include "prom/write_request.h"

namespace luma::prom {
namespace {

// The characters that end a text, by their value.
using Stops = std::array<bool, 256>;
constexpr Stops StopsAt(std::string_view characters) {
  Stops stops{};
  for (const char c : characters) stops[static_cast<uint8_t>(c)] = true;
  return stops;
}
constexpr Stops kMeasurementEnd = StopsAt(", ");
constexpr Stops kKeyEnd = StopsAt("=, ");
constexpr Stops kValueEnd = StopsAt(", ");

// The text before the first of `stops` that has no backslash before it.
std::string_view TakeText(std::string_view& text, const Stops& stops) {
  size_t length = 0;
  while (length < text.size()) {
    const bool stops_here = stops[static_cast<uint8_t>(text[length])];
    if (stops_here && (length == 0 || text[length - 1] != '\\')) break;
    ++length;
  }
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(length);
  return taken;
}

bool TakeCharacter(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// Where a line ends that has quotes: line feeds within the value of a field do not end it. Of the
// fields, which begin behind the first blank, a quote counts behind a "=" only.
size_t EndOfLineWithQuotes(std::string_view text) {
  bool in_fields = false;
  bool in_value = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') return i;
    if (c == '\\') {
      i += i + 1 < text.size() && text[i + 1] != '\n' ? 1 : 0;
    } else if (c == ' ') {
      in_fields = true;
    } else if (in_fields && c == '"' && in_value) {
      const size_t end = QuotedEnd(text.substr(i));
      if (end == std::string_view::npos) return text.size();
      i += end - 1;
    }
    in_value = c == '=';
  }
  return text.size();
}

// All of `word` as a whole number.
template <typename Integer>
std::optional<Integer> ParseInteger(std::string_view word) {
  Integer number = 0;
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::optional<double> ParseBoolean(std::string_view word) {
  constexpr std::string_view kTrue[] = {"t", "T", "true", "True", "TRUE"};
  constexpr std::string_view kFalse[] = {"f", "F", "false", "False", "FALSE"};
  if (std::ranges::find(kTrue, word) != std::end(kTrue)) return 1;
  if (std::ranges::find(kFalse, word) != std::end(kFalse)) return 0;
  return std::nullopt;
}

// Not the infinities and NaNs that ParseSampleValue knows.
std::optional<double> ParseFloat(std::string_view word) {
  const std::string_view digits = word.starts_with('-') ? word.substr(1) : word;
  const bool is_number =
      !digits.empty() && (digits[0] == '.' || (digits[0] >= '0' && digits[0] <= '9'));
  return is_number ? ParseSampleValue(word) : std::nullopt;
}

template <typename Integer>
std::optional<double> ToDouble(std::optional<Integer> number) {
  if (!number) return std::nullopt;
  return static_cast<double>(*number);
}

std::optional<double> ParseNumber(std::string_view word) {
  const std::string_view digits = word.substr(0, word.size() - 1);
  if (word.ends_with('i')) return ToDouble(ParseInteger<int64_t>(digits));
  if (word.ends_with('u')) return ToDouble(ParseInteger<uint64_t>(digits));
  return ParseFloat(word);
}

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

LineParser::Event LineParser::Next() {
  while (!rest_.empty()) {
    TakeLine();
    if (line_.empty() || line_[0] == '#') continue;
    return ReadLine() ? Event::kPoint : Event::kBadLine;
  }
  return Event::kEnd;
}

// Without blanks before it and the characters that end it.
void LineParser::TakeLine() {
  line_number_ = next_line_number_;
  SkipBlanks(rest_);
  size_t end = std::min(rest_.find('\n'), rest_.size());
  const bool has_quotes = rest_.substr(0, end).find('"') != std::string_view::npos;
  if (has_quotes && rest_[0] != '#') end = EndOfLineWithQuotes(rest_);
  line_ = rest_.substr(0, end);
  next_line_number_ += 1;
  if (has_quotes) next_line_number_ += static_cast<size_t>(std::ranges::count(line_, '\n'));
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  if (line_.ends_with('\r')) line_.remove_suffix(1);
}

bool LineParser::ReadLine() {
  tags_.clear();
  fields_.clear();
  string_count_ = 0;
  timestamp_.reset();
  unescaped_.clear();
  if (line_.find('\\') != std::string_view::npos) {
    if (line_.size() > kEscapedLineBytesMax) return Fail("too long line with escapes");
    unescaped_.reserve(line_.size());  // so that views of it stay valid while it fills
  }
  std::string_view text = line_;
  return ReadKey(text) && ReadFields(text) && ReadTimestamp(text);
}

bool LineParser::ReadKey(std::string_view& text) {
  measurement_ = Unescape(TakeText(text, kMeasurementEnd));
  if (measurement_.empty()) return Fail("missing measurement");
  while (TakeCharacter(text, ',')) {
    if (!ReadTag(text)) return false;
  }
  SkipBlanks(text);
  return text.empty() ? Fail("missing fields") : true;
}

bool LineParser::ReadTag(std::string_view& text) {
  if (tags_.size() == kLabelsPerSeriesMax) return Fail("too many tags");
  const std::string_view key = Unescape(TakeText(text, kKeyEnd));
  if (key.empty()) return Fail("missing tag key");
  if (!TakeCharacter(text, '=')) return Fail("missing tag value");
  const std::string_view value = TakeText(text, kKeyEnd);
  if (value.empty()) return Fail("missing tag value");
  if (text.starts_with('=')) return Fail("invalid tag format");
  tags_.push_back({key, Unescape(value)});
  return true;
}

bool LineParser::ReadFields(std::string_view& text) {
  do {
    if (!ReadField(text)) return false;
  } while (TakeCharacter(text, ','));
  return true;
}

bool LineParser::ReadField(std::string_view& text) {
  const std::string_view key = Unescape(TakeText(text, kKeyEnd));
  if (key.empty()) return Fail("missing field key");
  if (!TakeCharacter(text, '=')) return Fail("missing field value");
  if (text.starts_with('"')) {
    const size_t end = QuotedEnd(text);
    if (end == std::string_view::npos) return Fail("unbalanced quotes");
    text.remove_prefix(end);
    ++string_count_;
    const bool ends_well = text.empty() || text[0] == ',' || IsBlank(text[0]);
    return ends_well ? true : Fail("text after a quoted field value");
  }
  const std::string_view word = TakeText(text, kValueEnd);
  if (word.empty()) return Fail("missing field value");
  const bool is_boolean = IsLetter(word[0]);
  const std::optional<double> value = is_boolean ? ParseBoolean(word) : ParseNumber(word);
  if (!value) return Fail(is_boolean ? "invalid boolean" : "invalid number");
  if (fields_.size() == kFieldsPerLineMax) return Fail("too many fields");
  fields_.push_back({key, *value});
  return true;
}

bool LineParser::ReadTimestamp(std::string_view text) {
  SkipBlanks(text);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  if (text.empty()) return true;
  timestamp_ = ParseInteger<int64_t>(text);
  return timestamp_ ? true : Fail("bad timestamp");
}

// Backslashes go that stand before a comma, a blank or "="; others stand for themselves.
std::string_view LineParser::Unescape(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return text;
  const size_t begin = unescaped_.size();
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_escape =
        text[i] == '\\' && i + 1 < text.size() && kKeyEnd[static_cast<uint8_t>(text[i + 1])];
    if (is_escape) ++i;
    unescaped_.push_back(text[i]);
  }
  return std::string_view(unescaped_).substr(begin);
}

}  // namespace luma::prom
