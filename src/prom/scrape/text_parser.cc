#include "prom/scrape/text_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace luma::prom {
namespace {

// More than any labels that can be stored take, escapes and all: what is read of them takes several
// times the text.
constexpr size_t kLabelsTextBytesMax = 4 * kLabelsBytesMax;

std::string_view TakeWord(std::string_view& text) {
  SkipBlanks(text);
  const auto* const end = std::ranges::find_if(text, IsBlank);
  const std::string_view word = text.substr(0, static_cast<size_t>(end - text.begin()));
  text.remove_prefix(word.size());
  return word;
}

bool IsMetricType(std::string_view word, TextDialect dialect) {
  constexpr std::array<std::string_view, 9> kTypes = {"counter",        "gauge",    "histogram",
                                                      "summary",        "unknown",  "info",
                                                      "gaugehistogram", "stateset", "untyped"};
  const bool is_known = std::ranges::find(kTypes, word) != kTypes.end();
  return is_known && (word != "untyped" || dialect == TextDialect::kPrometheus);
}

// Which label of a family of this type holds numbers.
std::string_view BoundLabel(std::string_view type) {
  if (type == "histogram") return "le";
  if (type == "summary") return "quantile";
  return {};
}

}  // namespace

bool TextParser::Next() {
  while (status_.ok() && !rest_.empty()) {
    ++line_number_;
    if (ReadLine(TakeLine())) return true;
  }
  if (status_.ok() && is_open_metrics() && !ended_) Fail("data does not end with # EOF");
  return false;
}

std::string_view TextParser::TakeLine() {
  const size_t end = std::min(rest_.find('\n'), rest_.size());
  std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  if (line.ends_with('\r') && !is_open_metrics()) line.remove_suffix(1);
  return line;
}

// True when the line holds a sample.
bool TextParser::ReadLine(std::string_view line) {
  if (ended_) return Fail("unexpected data after # EOF");
  if (is_open_metrics()) {
    if (line == "# EOF") return CheckEnd();
    if (line.starts_with("# ")) return CheckComment(line.substr(1));
    return ReadSample(line);
  }
  SkipBlanks(line);
  if (line.empty()) return false;
  return line[0] == '#' ? CheckComment(line.substr(1)) : ReadSample(line);
}

// Nothing may follow but the line feed that was taken already.
bool TextParser::CheckEnd() {
  ended_ = true;
  if (!rest_.empty()) Fail("unexpected data after # EOF");
  return false;
}

// False always: no comment is a sample.
bool TextParser::CheckComment(std::string_view line) {
  const std::string_view keyword = TakeWord(line);
  const bool is_unit = keyword == "UNIT" && is_open_metrics();
  if (keyword != "TYPE" && keyword != "HELP" && !is_unit) {
    if (is_open_metrics()) Fail("bad comment");
    return false;
  }
  SkipBlanks(line);
  std::string_view name;
  if (line.starts_with('"')) {
    std::string_view quoted = line.substr(0, kLabelsTextBytesMax);
    reader_.Start(quoted);
    if (!reader_.ReadQuoted(quoted, name)) return Fail(reader_.error());
    line.remove_prefix(static_cast<size_t>(quoted.data() - line.data()));
  } else {
    name = TakeName(line);
  }
  if (name.empty()) return Fail("no metric name");
  const std::string_view word = TakeWord(line);
  if (keyword == "TYPE") {
    if (!IsMetricType(word, dialect_)) return Fail("invalid metric type");
    bound_in_ = BoundLabel(word);
    histogram_family_ = word == "histogram" ? name : std::string_view();
  }
  if (is_unit) CheckUnit(name, word);
  return false;
}

bool TextParser::CheckUnit(std::string_view name, std::string_view unit) {
  const bool ends_well = name.size() > unit.size() && name.ends_with(unit) &&
                         name[name.size() - unit.size() - 1] == '_';
  return unit.empty() || ends_well || Fail("unit is not a suffix of the metric");
}

// The next word; in OpenMetrics exactly one blank is before it.
std::string_view TextParser::TakeField(std::string_view& line) {
  if (!is_open_metrics()) return TakeWord(line);
  const bool is_well_spaced = line.size() > 1 && line[0] == ' ' && !IsBlank(line[1]);
  return is_well_spaced ? TakeWord(line) : std::string_view();
}

bool TextParser::ReadSample(std::string_view line) {
  sample_ = {.series = line.substr(0, SeriesTextLength(line)), .timestamp = std::nullopt};
  exemplar_text_ = {};
  if (sample_.series.empty()) return Fail("no metric name");
  line.remove_prefix(sample_.series.size());
  const std::optional<double> value = ParseSampleValue(TakeField(line));
  if (!value) return Fail("bad value");
  sample_.value = *value;
  if (!line.empty() && !line.starts_with(" # ")) {
    const std::string_view word = TakeField(line);
    if (!word.empty() && !ReadTimestamp(word)) return false;
  }
  if (is_open_metrics() && line.starts_with(" # {")) {
    exemplar_text_ = line.substr(3);
    return ReadExemplar(exemplar_text_);
  }
  if (!is_open_metrics()) SkipBlanks(line);
  return line.empty() || Fail("text after the sample");
}

bool TextParser::ReadTimestamp(std::string_view word) {
  if (is_open_metrics()) {
    const std::optional<double> seconds = ParseSampleValue(word);
    constexpr double kSecondsMax = 9e15;  // what milliseconds of 64 bits can hold
    if (!seconds || !(std::fabs(*seconds) < kSecondsMax)) return Fail("invalid timestamp");
    sample_.timestamp = static_cast<UnixMillis>(*seconds * 1000);
    return true;
  }
  UnixMillis millis = 0;
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, millis);
  if (error != std::errc() || stop != end) return Fail("bad timestamp");
  sample_.timestamp = millis;
  return true;
}

// {labels} value [timestamp]
bool TextParser::ReadExemplar(std::string_view text) {
  if (exemplars_.empty()) exemplars_.emplace_back();
  PageExemplar& exemplar = exemplars_[0];
  exemplar.labels.clear();
  exemplar.timestamp.reset();
  if (text.size() > kLabelsTextBytesMax) return Fail("too long exemplar");
  exemplar_reader_.Start(text);
  if (!exemplar_reader_.ReadBraces(text, exemplar.labels)) return Fail(exemplar_reader_.error());
  const std::optional<double> value = ParseSampleValue(TakeField(text));
  if (!value) return Fail("bad value of exemplar");
  exemplar.value = *value;
  if (text.empty()) return true;
  const std::optional<UnixMillis> of_sample = sample_.timestamp;
  if (!ReadTimestamp(TakeField(text))) return false;
  exemplar.timestamp = std::exchange(sample_.timestamp, of_sample);
  return text.empty() || Fail("text after the exemplar");
}

std::span<PageExemplar> TextParser::exemplars() {
  return std::span(exemplars_).first(exemplar_text_.empty() ? 0 : 1);
}

bool TextParser::ReadLabels(std::vector<LabelRef>& labels) {
  labels.clear();
  if (sample_.series.size() > kLabelsTextBytesMax) return Fail("too many labels");
  if (!reader_.ReadSeries(sample_.series, labels)) return Fail(reader_.error());
  if (bound_in_.empty()) return true;
  for (LabelRef& label : labels) {
    if (label.name != bound_in_) continue;
    const std::string_view kept = reader_.Keep(NormalizedBound(label.value));
    if (!kept.empty()) label.value = kept;
  }
  return true;
}

bool TextParser::Fail(std::string_view what) {
  status_ = Status::InvalidArgument("bad exposition: ", what, ": line=", line_number_);
  return false;
}

}  // namespace luma::prom
