// InfluxDB's line protocol: measurement,tag=value field=1.5,other=2i 1700000000000000000
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/labels.h"

namespace luma::prom {

// Fields are collected a line at a time, which no budget knows of.
constexpr size_t kFieldsPerLineMax = 65'536;
// Nor of the texts of a line that has escapes, which are kept without them.
constexpr size_t kEscapedLineBytesMax = 4 << 20;

// A number or a boolean (1 or 0).
struct LineField {
  std::string_view key;
  double value;
};

// Yields the points of a text one after another; nothing is allocated per point. A line that cannot
// be read does not end it. Lines end with \n or \r\n, but for those in texts in quotes; empty lines
// and those that begin with "#" are skipped. Everything handed out is valid until the next Next().
// Thread-compatible. Lifetime: the text outlives it.
class LineParser {
 public:
  enum class Event : uint8_t { kPoint, kBadLine, kEnd };

  explicit LineParser(std::string_view text) : rest_(text) {}

  Event Next();

  // ---- of a point

  std::string_view measurement() const { return measurement_; }
  // As written, at most kLabelsPerSeriesMax: unsorted, maybe one twice.
  std::span<const LabelRef> tags() const { return tags_; }
  // At most kFieldsPerLineMax.
  std::span<const LineField> fields() const { return fields_; }
  size_t string_count() const { return string_count_; }  // fields that are texts, not in fields()
  std::optional<int64_t> timestamp() const { return timestamp_; }  // in the unit of the request

  // ---- of a point or a bad line

  std::string_view line() const { return line_; }
  size_t line_number() const { return line_number_; }  // from 1
  std::string_view error() const { return error_; }    // of a bad line, in InfluxDB's words

 private:
  bool Fail(std::string_view what) {
    error_ = what;
    return false;
  }
  void TakeLine();
  bool ReadLine();
  bool ReadKey(std::string_view& text);
  bool ReadTag(std::string_view& text);
  bool ReadFields(std::string_view& text);
  bool ReadField(std::string_view& text);
  bool ReadTimestamp(std::string_view text);
  std::string_view Unescape(std::string_view text);

  std::string_view rest_;
  std::string_view line_;
  size_t line_number_ = 0;
  size_t next_line_number_ = 1;
  std::string_view measurement_;
  std::vector<LabelRef> tags_;
  std::vector<LineField> fields_;
  size_t string_count_ = 0;
  std::optional<int64_t> timestamp_;
  std::string_view error_;
  std::string unescaped_;  // texts of the point that have escapes, without them
};

}  // namespace luma::prom
