// Reads the text formats: Prometheus' 0.0.4 and 1.0.0 and OpenMetrics 1.0.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "prom/scrape/page_parser.h"
#include "prom/scrape/series_text.h"

namespace luma::prom {

enum class TextDialect : uint8_t {
  kPrometheus,   // blanks and comments as one likes; timestamps in milliseconds
  kOpenMetrics,  // one blank between fields, "# EOF" at the end; timestamps in seconds; exemplars
};

// HELP, TYPE and UNIT lines are checked for their form. The bounds of buckets and quantiles are
// given in one spelling (NormalizedBound), as Prometheus 3 stores them.
class TextParser final : public PageParser {
 public:
  TextParser(std::string_view page, TextDialect dialect) : rest_(page), dialect_(dialect) {}

  bool Next() override;
  bool ReadLabels(std::vector<LabelRef>& labels) override;
  std::span<PageExemplar> exemplars() override;
  ClassicFamily classic_family() const override { return {.name = histogram_family_}; }

 private:
  bool is_open_metrics() const { return dialect_ == TextDialect::kOpenMetrics; }
  bool Fail(std::string_view what);
  std::string_view TakeLine();
  bool ReadLine(std::string_view line);
  bool CheckEnd();
  bool CheckComment(std::string_view line);
  bool CheckUnit(std::string_view name, std::string_view unit);
  bool ReadSample(std::string_view line);
  bool ReadTimestamp(std::string_view word);
  bool ReadExemplar(std::string_view text);
  std::string_view TakeField(std::string_view& line);

  std::string_view rest_;
  const TextDialect dialect_;
  bool ended_ = false;            // OpenMetrics: "# EOF" was there
  std::string_view bound_in_;     // the label that has bounds in the family of the last TYPE line
  std::string histogram_family_;  // of that line; empty if it says another type
  std::string_view exemplar_text_;
  std::vector<PageExemplar> exemplars_;
  SeriesTextReader reader_;
  SeriesTextReader exemplar_reader_;
};

}  // namespace luma::prom
