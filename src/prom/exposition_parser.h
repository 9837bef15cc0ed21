// Reads the Prometheus text exposition format, version 0.0.4, with the quoted UTF-8 names of 1.0.0.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "model/labels.h"

namespace luma::prom {

struct ExpositionSample {
  std::span<LabelRef> labels;  // with __name__, in the order written; valid until the next Next()
  double value = 0;
  std::optional<UnixMillis> timestamp;
};

// Yields the samples of a page one after another. Comments, HELP and TYPE lines are checked for
// their form and skipped. Label values are unescaped; nothing is allocated per sample.
// Thread-compatible. Lifetime: the text outlives the parser.
class ExpositionParser {
 public:
  explicit ExpositionParser(std::string_view text) : rest_(text) {}

  // False at the end and after an error, which status() then holds.
  bool Next();
  const ExpositionSample& sample() const { return sample_; }
  // Errors: kInvalidArgument naming the line.
  const Status& status() const { return status_; }

 private:
  void Fail(std::string_view what);
  bool ReadLine(std::string_view line);
  bool CheckComment(std::string_view line);
  bool ReadSample(std::string_view line);
  bool ReadLabels(std::string_view& line);
  bool ReadQuoted(std::string_view& line, std::string_view& text);

  std::string_view rest_;
  size_t line_number_ = 0;
  ExpositionSample sample_;
  std::vector<LabelRef> labels_;
  std::string unescaped_;  // texts of labels_ that had escapes; reserved per line, never moved
  Status status_;
};

}  // namespace luma::prom
