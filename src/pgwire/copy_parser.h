// Splits the data of COPY FROM STDIN, text or CSV, into rows of fields.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sql/database.h"

namespace luma::pgwire {

// Takes the rows of one COPY. Rows have as many fields as the COPY has columns; nullopt is NULL;
// the views live for the call.
class CopyRowSink {
 public:
  virtual ~CopyRowSink() = default;
  virtual Status AddRow(std::span<const std::optional<std::string_view>> fields) = 0;
};

// Feed may split the data anywhere. Thread-compatible.
// Errors carry PostgreSQL's texts and SQLSTATEs (22P04); line_number() tells where.
class CopyParser {
 public:
  CopyParser(sql::CopyOptions options, std::vector<std::string> column_names,
             size_t line_bytes_max);

  Status Feed(std::string_view data, CopyRowSink& sink);
  // The end of the data: a last line may lack its end.
  Status Finish(CopyRowSink& sink);

  uint64_t line_number() const { return line_number_; }  // 1-based, of the row handled last

 private:
  enum class LineEnd : uint8_t { kUnknown, kNewline, kReturn, kReturnNewline };
  // A line found in pending_: its text ends at `end`, the following one starts at `next`.
  struct Line {
    size_t end;
    size_t next;
  };

  bool is_csv() const { return options_.format == sql::CopyFormat::kCsv; }
  Status TakeLines(bool at_end_of_data, CopyRowSink& sink);
  Status TakeLine(std::string_view line, CopyRowSink& sink);

  // Scans on from scan_; nothing when the line is not all here.
  Result<std::optional<Line>> FindLine(bool at_end_of_data);
  // Handles the line end at scan_; nothing when it takes one more byte to tell.
  Result<std::optional<Line>> TakeLineEnd(bool at_end_of_data);
  Status UnexpectedLineEnd(std::string_view name) const;
  void ScanQuotes(char c);

  Status SplitText(std::string_view line);
  void AddTextField(std::string_view raw);
  Status SplitCsv(std::string_view line);
  Status CheckFieldCount() const;

  const sql::CopyOptions options_;
  const std::vector<std::string> column_names_;
  const size_t line_bytes_max_;

  std::string pending_;     // from the start of the line being scanned
  size_t line_start_ = 0;   // in pending_
  size_t scan_ = 0;         // in pending_: no line end before it
  bool in_quotes_ = false;  // at scan_; CSV only, as the next
  bool after_escape_ = false;
  uint64_t lines_inside_ = 0;             // line ends inside quotes since line_start_
  LineEnd line_end_ = LineEnd::kUnknown;  // the first line's; all others must have the same
  bool header_pending_;
  bool ended_ = false;  // the end mark was seen: the rest is ignored
  uint64_t line_number_ = 0;

  std::vector<std::optional<std::string_view>> fields_;  // of the line being taken
  std::string unescaped_;                                // backs those with escapes
};

}  // namespace luma::pgwire
