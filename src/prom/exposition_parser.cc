#include "prom/exposition_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "net/http.h"

namespace luma::prom {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

void SkipBlanks(std::string_view& text) {
  while (!text.empty() && IsBlank(text[0])) text.remove_prefix(1);
}

// A metric or label name from the front; "" when there is none.
std::string_view TakeName(std::string_view& text) {
  size_t length = 0;
  if (!text.empty() && IsNameStart(text[0])) {
    while (length < text.size() && (IsNameStart(text[length]) || IsDigit(text[length]))) ++length;
  }
  const std::string_view name = text.substr(0, length);
  text.remove_prefix(length);
  return name;
}

std::string_view TakeWord(std::string_view& text) {
  SkipBlanks(text);
  const auto* const end = std::find_if(text.begin(), text.end(), IsBlank);
  const std::string_view word = text.substr(0, static_cast<size_t>(end - text.begin()));
  text.remove_prefix(word.size());
  return word;
}

// As Go's ParseFloat: also Inf, +inf, infinity, nan.
std::optional<double> ParseValue(std::string_view word) {
  std::string_view digits = word;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (net::EqualsIgnoringCase(digits, "inf") || net::EqualsIgnoringCase(digits, "infinity")) {
    return negative ? -std::numeric_limits<double>::infinity()
                    : std::numeric_limits<double>::infinity();
  }
  if (net::EqualsIgnoringCase(word, "nan")) return std::numeric_limits<double>::quiet_NaN();
  if (digits.empty() || !(IsDigit(digits[0]) || digits[0] == '.')) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size() || error != std::errc()) return std::nullopt;
  return negative ? -value : value;
}

bool IsMetricType(std::string_view word) {
  constexpr std::array<std::string_view, 8> kTypes = {
      "counter", "gauge", "histogram", "summary", "untyped", "unknown", "gaugehistogram", "info"};
  return std::find(kTypes.begin(), kTypes.end(), word) != kTypes.end() || word == "stateset";
}

}  // namespace

bool ExpositionParser::Next() {
  while (status_.ok() && !rest_.empty()) {
    ++line_number_;
    const size_t end = std::min(rest_.find('\n'), rest_.size());
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (ReadLine(line)) return true;
  }
  return false;
}

// True when the line holds a sample.
bool ExpositionParser::ReadLine(std::string_view line) {
  SkipBlanks(line);
  if (line.empty()) return false;
  if (line[0] == '#') {
    if (!CheckComment(line.substr(1))) Fail("bad TYPE or HELP line");
    return false;
  }
  return ReadSample(line);
}

bool ExpositionParser::CheckComment(std::string_view line) {
  const std::string_view keyword = TakeWord(line);
  if (keyword != "TYPE" && keyword != "HELP") return true;
  SkipBlanks(line);
  std::string_view name;
  labels_.clear();
  unescaped_.clear();
  unescaped_.reserve(line.size());
  if (line.starts_with('"')) {
    if (!ReadQuoted(line, name)) return false;
  } else {
    name = TakeName(line);
  }
  return !name.empty() && (keyword == "HELP" || IsMetricType(TakeWord(line)));
}

bool ExpositionParser::ReadSample(std::string_view line) {
  labels_.clear();
  unescaped_.clear();
  unescaped_.reserve(line.size());  // so that views of it stay valid while it fills
  if (const std::string_view name = TakeName(line); !name.empty()) {
    labels_.push_back({kMetricNameLabel, name});
  }
  SkipBlanks(line);
  if (line.starts_with('{')) {
    line.remove_prefix(1);
    if (!ReadLabels(line)) return false;
  }
  if (labels_.empty() || labels_[0].name != kMetricNameLabel) {
    Fail("no metric name");
    return false;
  }
  const std::optional<double> value = ParseValue(TakeWord(line));
  if (!value) {
    Fail("bad value");
    return false;
  }
  sample_ = {.labels = labels_, .value = *value, .timestamp = std::nullopt};
  if (const std::string_view word = TakeWord(line); !word.empty()) {
    UnixMillis timestamp = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), timestamp);
    if (error != std::errc() || end != word.data() + word.size()) {
      Fail("bad timestamp");
      return false;
    }
    sample_.timestamp = timestamp;
  }
  SkipBlanks(line);
  if (!line.empty()) Fail("text after the sample");
  return line.empty();
}

// name="value", ... up to "}", which is taken. A lone quoted text first is the metric name.
bool ExpositionParser::ReadLabels(std::string_view& line) {
  while (true) {
    SkipBlanks(line);
    if (line.starts_with('}')) {
      line.remove_prefix(1);
      return true;
    }
    LabelRef label;
    const bool quoted = line.starts_with('"');
    if (quoted) {
      if (!ReadQuoted(line, label.name)) return false;
    } else {
      label.name = TakeName(line);
    }
    SkipBlanks(line);
    if (quoted && labels_.empty() && !line.starts_with('=')) {
      labels_.push_back({kMetricNameLabel, label.name});
    } else {
      if (label.name.empty() || !line.starts_with('=')) {
        Fail("bad label name");
        return false;
      }
      line.remove_prefix(1);
      SkipBlanks(line);
      if (!ReadQuoted(line, label.value)) return false;
      labels_.push_back(label);
    }
    SkipBlanks(line);
    if (line.starts_with(',')) {
      line.remove_prefix(1);
    } else if (!line.starts_with('}')) {
      Fail("bad label list");
      return false;
    }
  }
}

// "text" with the escapes \\, \" and \n. Other backslashes stand for themselves, as in Prometheus.
bool ExpositionParser::ReadQuoted(std::string_view& line, std::string_view& text) {
  if (!line.starts_with('"')) {
    Fail("label value is not quoted");
    return false;
  }
  size_t end = 1;
  bool escaped = false;
  while (end < line.size() && line[end] != '"') {
    escaped |= line[end] == '\\';
    end += line[end] == '\\' ? 2 : 1;
  }
  if (end >= line.size()) {
    Fail("label value has no end");
    return false;
  }
  text = line.substr(1, end - 1);
  line.remove_prefix(end + 1);
  if (!escaped) return true;
  const size_t begin = unescaped_.size();
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' ? text[i + 1] : '\0';
    const bool is_escape = next == '\\' || next == '"' || next == 'n';
    if (is_escape) ++i;
    unescaped_.push_back(!is_escape ? text[i] : next == 'n' ? '\n' : next);
  }
  text = std::string_view(unescaped_).substr(begin);
  return true;
}

void ExpositionParser::Fail(std::string_view what) {
  status_ = Status::InvalidArgument("bad exposition: ", what, ": line=", line_number_);
}

}  // namespace luma::prom
