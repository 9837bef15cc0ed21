// A series as the text formats write it: name{label="value",...} or {"name",label="value",...}.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/labels.h"

namespace luma::prom {

// Blanks are spaces and tabulators.
inline bool IsBlank(char c) { return c == ' ' || c == '\t'; }
inline void SkipBlanks(std::string_view& text) {
  while (!text.empty() && IsBlank(text[0])) text.remove_prefix(1);
}

// Where the text in quotes that begins at `at` ends, behind the quote; npos when it does not.
size_t QuotedEnd(std::string_view text, size_t at = 0);

// A name from the front, which `text` loses: letters, digits, "_" and ":". Empty when there is
// none.
std::string_view TakeName(std::string_view& text);

// How much of `line` is its series: the name, and braces up to the one that closes them. 0 when it
// begins with neither.
size_t SeriesTextLength(std::string_view line);

// Reads labels of texts in place, and those with escapes into a buffer that never moves.
class SeriesTextReader {
 public:
  // Reads all of `series`, which SeriesTextLength found. Appends to `labels`: the name first. False
  // when it is malformed; error() tells why. What was read before is invalid from here on.
  bool ReadSeries(std::string_view series, std::vector<LabelRef>& labels);
  // Reads {name="value",...}, which `text` loses. May be called several times after Start.
  bool ReadBraces(std::string_view& text, std::vector<LabelRef>& labels);
  // A text in quotes at the front, which `line` loses, without its escapes \\, \" and \n.
  bool ReadQuoted(std::string_view& line, std::string_view& text);

  // Forgets what was read; no more than `text` will be read until the next call.
  void Start(std::string_view text);
  // Keeps a text as long as what was read, if there is room left.
  std::string_view Keep(std::string_view text);

  std::string_view error() const { return error_; }

 private:
  bool Fail(std::string_view what) {
    error_ = what;
    return false;
  }

  std::string buffer_;
  std::string_view error_;
};

// As Go's ParseFloat, which also takes Inf, +inf, infinity and nan. NaN is Prometheus' ordinary
// one.
std::optional<double> ParseSampleValue(std::string_view word);

// Decimals as OpenMetrics wants them in labels: 1.0, 0.5, 1e+06, +Inf.
void AppendOpenMetricsFloat(double value, std::string& out);

// Values of le and quantile are stored in one spelling, whichever the target uses. `text` comes
// back as it is when it is no number.
std::string NormalizedBound(std::string_view text);

}  // namespace luma::prom
