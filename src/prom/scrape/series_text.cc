#include "prom/scrape/series_text.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>

#include "net/http.h"

namespace luma::prom {
namespace {

// The room of a normalized bound in SeriesTextReader's buffer.
constexpr size_t kBoundBytesMax = 64;
constexpr uint64_t kNormalNanBits = 0x7ff8000000000001;  // value.NormalNaN of Prometheus

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

size_t BracesEnd(std::string_view text, size_t at) {
  while (at < text.size()) {
    if (text[at] == '}') return at + 1;
    at = text[at] == '"' ? QuotedEnd(text, at) : at + 1;
  }
  return std::string_view::npos;
}

// from_chars calls what is too small for a double an error as well; Go takes it for zero.
std::optional<double> ParseTiny(std::string_view digits) {
  const double value = std::strtod(std::string(digits).c_str(), nullptr);
  if (std::isinf(value)) return std::nullopt;
  return value;
}

}  // namespace

size_t QuotedEnd(std::string_view text, size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

std::string_view TakeName(std::string_view& text) {
  size_t length = 0;
  if (!text.empty() && IsNameStart(text[0])) {
    while (length < text.size() && (IsNameStart(text[length]) || IsDigit(text[length]))) ++length;
  }
  const std::string_view name = text.substr(0, length);
  text.remove_prefix(length);
  return name;
}

size_t SeriesTextLength(std::string_view line) {
  std::string_view rest = line;
  TakeName(rest);
  const size_t name_end = line.size() - rest.size();
  SkipBlanks(rest);
  if (!rest.starts_with('{')) return name_end;
  const size_t end = BracesEnd(line, line.size() - rest.size());
  return end == std::string_view::npos ? line.size() : end;
}

// Room for all that has escapes is made now, so that views of it stay valid while it fills.
void SeriesTextReader::Start(std::string_view text) {
  const bool has_escapes = text.find('\\') != std::string_view::npos;
  buffer_.clear();
  buffer_.reserve((has_escapes ? text.size() : 0) + kBoundBytesMax);
}

std::string_view SeriesTextReader::Keep(std::string_view text) {
  if (buffer_.capacity() - buffer_.size() < text.size()) return {};
  const size_t begin = buffer_.size();
  buffer_.append(text);
  return std::string_view(buffer_).substr(begin);
}

bool SeriesTextReader::ReadSeries(std::string_view series, std::vector<LabelRef>& labels) {
  Start(series);
  if (const std::string_view name = TakeName(series); !name.empty()) {
    labels.push_back({kMetricNameLabel, name});
  }
  SkipBlanks(series);
  if (!series.empty() && !ReadBraces(series, labels)) return false;
  const bool has_name = !labels.empty() && labels[0].name == kMetricNameLabel;
  return has_name && series.empty() ? true : Fail("no metric name");
}

// A lone text in quotes first is the metric name.
bool SeriesTextReader::ReadBraces(std::string_view& text, std::vector<LabelRef>& labels) {
  if (!text.starts_with('{')) return Fail("no labels in braces");
  text.remove_prefix(1);
  while (true) {
    SkipBlanks(text);
    if (text.starts_with('}')) {
      text.remove_prefix(1);
      return true;
    }
    LabelRef label;
    const bool quoted = text.starts_with('"');
    if (quoted) {
      if (!ReadQuoted(text, label.name)) return false;
    } else {
      label.name = TakeName(text);
    }
    SkipBlanks(text);
    if (quoted && labels.empty() && !text.starts_with('=')) {
      labels.push_back({kMetricNameLabel, label.name});
    } else {
      if (label.name.empty() || !text.starts_with('=')) return Fail("bad label name");
      text.remove_prefix(1);
      SkipBlanks(text);
      if (!ReadQuoted(text, label.value)) return false;
      labels.push_back(label);
    }
    SkipBlanks(text);
    if (text.starts_with(',')) {
      text.remove_prefix(1);
    } else if (!text.starts_with('}')) {
      return Fail("bad label list");
    }
  }
}

// Backslashes before other characters stand for themselves, as in Prometheus.
bool SeriesTextReader::ReadQuoted(std::string_view& line, std::string_view& text) {
  if (!line.starts_with('"')) return Fail("label value is not quoted");
  const size_t end = QuotedEnd(line, 0);
  if (end == std::string_view::npos) return Fail("label value has no end");
  text = line.substr(1, end - 2);
  line.remove_prefix(end);
  if (text.find('\\') == std::string_view::npos) return true;
  const size_t begin = buffer_.size();
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' ? text[i + 1] : '\0';
    const bool is_escape = next == '\\' || next == '"' || next == 'n';
    if (is_escape) ++i;
    buffer_.push_back(!is_escape ? text[i] : next == 'n' ? '\n' : next);
  }
  text = std::string_view(buffer_).substr(begin);
  return true;
}

std::optional<double> ParseSampleValue(std::string_view word) {
  std::string_view digits = word;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty()) return std::nullopt;
  if (!IsDigit(digits[0]) && digits[0] != '.') {
    if (net::EqualsIgnoringCase(digits, "inf") || net::EqualsIgnoringCase(digits, "infinity")) {
      const double infinity = std::numeric_limits<double>::infinity();
      return negative ? -infinity : infinity;
    }
    if (net::EqualsIgnoringCase(word, "nan")) return std::bit_cast<double>(kNormalNanBits);
    return std::nullopt;
  }
  double value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (stop != end) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    const std::optional<double> tiny = ParseTiny(digits);
    if (!tiny) return std::nullopt;
    value = *tiny;
  }
  return negative ? -value : value;
}

void AppendOpenMetricsFloat(double value, std::string& out) {
  if (std::isnan(value)) {
    out.append("NaN");
    return;
  }
  if (std::isinf(value)) {
    out.append(value > 0 ? "+Inf" : "-Inf");
    return;
  }
  // Go's %g with the shortest digits: an exponent below 1e-4 and from 1e6 on.
  const double size = std::fabs(value);
  const bool has_exponent = size != 0 && (size < 1e-4 || size >= 1e6);
  char text[64];
  const auto [end, error] =
      std::to_chars(text, text + sizeof(text), value,
                    has_exponent ? std::chars_format::scientific : std::chars_format::fixed);
  const std::string_view written(text, static_cast<size_t>(end - text));
  out.append(written);
  if (!has_exponent && written.find('.') == std::string_view::npos) out.append(".0");
}

std::string NormalizedBound(std::string_view text) {
  const std::optional<double> value = ParseSampleValue(text);
  if (!value) return std::string(text);
  std::string normalized;
  AppendOpenMetricsFloat(*value, normalized);
  return normalized;
}

}  // namespace luma::prom
