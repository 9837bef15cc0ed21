#include "pgwire/copy_parser.h"

#include <utility>

namespace luma::pgwire {
namespace {

constexpr std::string_view kEndMark = "\\.";

Status BadCopyFormat(const std::string& message) {
  return Status::InvalidArgument(message).WithSqlState("22P04");
}

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// `raw` starts after a backslash and is not empty. Appends what the escape stands for and returns
// the number of characters it took.
size_t AppendUnescaped(std::string_view raw, std::string& out) {
  const char c = raw.front();
  if (IsOctal(c)) {
    unsigned value = 0;
    size_t used = 0;
    while (used < 3 && used < raw.size() && IsOctal(raw[used])) {
      value = value * 8 + static_cast<unsigned>(raw[used++] - '0');
    }
    out.push_back(static_cast<char>(value));
    return used;
  }
  if (c == 'x' && raw.size() > 1 && HexValue(raw[1]) >= 0) {
    int value = HexValue(raw[1]);
    const bool two = raw.size() > 2 && HexValue(raw[2]) >= 0;
    if (two) value = value * 16 + HexValue(raw[2]);
    out.push_back(static_cast<char>(value));
    return two ? 3 : 2;
  }
  constexpr std::string_view kLetters = "bfnrtv";
  constexpr std::string_view kControls = "\b\f\n\r\t\v";
  const size_t letter = kLetters.find(c);
  out.push_back(letter == std::string_view::npos ? c : kControls[letter]);
  return 1;
}

}  // namespace

CopyParser::CopyParser(sql::CopyOptions options, std::vector<std::string> column_names,
                       size_t line_bytes_max)
    : options_(std::move(options)),
      column_names_(std::move(column_names)),
      line_bytes_max_(line_bytes_max),
      header_pending_(options_.header) {}

Status CopyParser::Feed(std::string_view data, CopyRowSink& sink) {
  if (ended_) return Status::Ok();
  pending_.append(data);
  return TakeLines(false, sink);
}

Status CopyParser::Finish(CopyRowSink& sink) {
  if (ended_) return Status::Ok();
  LUMA_RETURN_IF_ERROR(TakeLines(true, sink));
  if (in_quotes_) {
    line_number_ += 1 + lines_inside_;
    return BadCopyFormat("unterminated CSV quoted field");
  }
  if (ended_ || line_start_ == pending_.size()) return Status::Ok();
  return TakeLine(std::string_view(pending_).substr(line_start_), sink);
}

Status CopyParser::TakeLines(bool at_end_of_data, CopyRowSink& sink) {
  while (!ended_) {
    LUMA_ASSIGN_OR_RETURN(const std::optional<Line> line, FindLine(at_end_of_data));
    if (!line.has_value()) break;
    const auto text = std::string_view(pending_).substr(line_start_, line->end - line_start_);
    LUMA_RETURN_IF_ERROR(TakeLine(text, sink));
    line_start_ = scan_ = line->next;
  }
  pending_.erase(0, line_start_);
  scan_ -= line_start_;
  line_start_ = 0;
  if (pending_.size() > line_bytes_max_) {
    return Status::TooLarge("COPY line is too long: limit_bytes=", line_bytes_max_);
  }
  return Status::Ok();
}

Status CopyParser::TakeLine(std::string_view line, CopyRowSink& sink) {
  line_number_ += 1 + std::exchange(lines_inside_, 0);
  if (line == kEndMark) {
    ended_ = true;
    return Status::Ok();
  }
  if (std::exchange(header_pending_, false)) return Status::Ok();
  fields_.clear();
  unescaped_.clear();
  unescaped_.reserve(line.size());  // views of it stay valid: unescaping never lengthens
  LUMA_RETURN_IF_ERROR(is_csv() ? SplitCsv(line) : SplitText(line));
  LUMA_RETURN_IF_ERROR(CheckFieldCount());
  return sink.AddRow(fields_);
}

Result<std::optional<CopyParser::Line>> CopyParser::FindLine(bool at_end_of_data) {
  for (; scan_ < pending_.size(); ++scan_) {
    const char c = pending_[scan_];
    if (is_csv()) {
      ScanQuotes(c);
    } else if (c == '\\') {  // takes the next character into the line, whatever it is
      if (scan_ + 1 == pending_.size() && !at_end_of_data) break;
      ++scan_;
      continue;
    }
    if (in_quotes_ || (c != '\n' && c != '\r')) continue;
    return TakeLineEnd(at_end_of_data);
  }
  return std::optional<Line>();
}

// A quote toggles, unless an escape that differs from the quote stands before it.
void CopyParser::ScanQuotes(char c) {
  const bool has_escape = options_.escape != options_.quote;
  const bool is_escape = has_escape && in_quotes_ && c == options_.escape && !after_escape_;
  if (c == options_.quote && !after_escape_) in_quotes_ = !in_quotes_;
  after_escape_ = is_escape;
  if (in_quotes_ && c == '\n') ++lines_inside_;
}

Result<std::optional<CopyParser::Line>> CopyParser::TakeLineEnd(bool at_end_of_data) {
  const bool is_newline = pending_[scan_] == '\n';
  const bool more = scan_ + 1 < pending_.size();
  if (!is_newline && !more && !at_end_of_data) return std::optional<Line>();
  const bool is_pair = !is_newline && more && pending_[scan_ + 1] == '\n';
  if (line_end_ == LineEnd::kUnknown) {
    line_end_ = is_newline ? LineEnd::kNewline
                : is_pair  ? LineEnd::kReturnNewline
                           : LineEnd::kReturn;
  }
  if (is_newline && line_end_ != LineEnd::kNewline) return UnexpectedLineEnd("newline");
  if (!is_newline && line_end_ == LineEnd::kNewline) return UnexpectedLineEnd("carriage return");
  if (!is_newline && line_end_ == LineEnd::kReturnNewline && !is_pair) {
    return UnexpectedLineEnd("carriage return");
  }
  const size_t length = line_end_ == LineEnd::kReturnNewline ? 2 : 1;
  return std::optional(Line{scan_, scan_ + length});
}

Status CopyParser::UnexpectedLineEnd(std::string_view name) const {
  return BadCopyFormat((is_csv() ? "unquoted " : "literal ") + std::string(name) +
                       " found in data");
}

Status CopyParser::SplitText(std::string_view line) {
  size_t start = 0;
  for (size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '\\') {
      ++at;
    } else if (line[at] == options_.delimiter) {
      AddTextField(line.substr(start, at - start));
      start = at + 1;
    }
  }
  AddTextField(line.substr(start));
  return Status::Ok();
}

void CopyParser::AddTextField(std::string_view raw) {
  if (raw == options_.null_text) {
    fields_.emplace_back(std::nullopt);
    return;
  }
  if (raw.find('\\') == std::string_view::npos) {
    fields_.emplace_back(raw);
    return;
  }
  const size_t start = unescaped_.size();
  for (size_t at = 0; at < raw.size();) {
    if (raw[at] == '\\' && at + 1 < raw.size()) {
      at += 1 + AppendUnescaped(raw.substr(at + 1), unescaped_);
    } else {
      unescaped_.push_back(raw[at++]);
    }
  }
  fields_.emplace_back(std::string_view(unescaped_).substr(start));
}

Status CopyParser::SplitCsv(std::string_view line) {
  size_t at = 0;
  while (true) {
    const size_t start = unescaped_.size();
    bool quoted = false;
    bool inside = false;
    for (; at < line.size() && (inside || line[at] != options_.delimiter); ++at) {
      const char c = line[at];
      const char next = at + 1 < line.size() ? line[at + 1] : '\0';
      const bool has_next = at + 1 < line.size();
      if (!inside && c == options_.quote) {
        quoted = inside = true;
      } else if (inside && c == options_.escape && has_next &&
                 (next == options_.quote || next == options_.escape)) {
        unescaped_.push_back(next);
        ++at;
      } else if (inside && c == options_.quote) {
        inside = false;
      } else {
        unescaped_.push_back(c);
      }
    }
    if (inside) return BadCopyFormat("unterminated CSV quoted field");
    const auto value = std::string_view(unescaped_).substr(start);
    if (!quoted && value == options_.null_text) {
      fields_.emplace_back(std::nullopt);
    } else {
      fields_.emplace_back(value);
    }
    if (at == line.size()) return Status::Ok();
    ++at;  // the delimiter
  }
}

Status CopyParser::CheckFieldCount() const {
  if (fields_.size() < column_names_.size()) {
    return BadCopyFormat("missing data for column \"" + column_names_[fields_.size()] + "\"");
  }
  if (fields_.size() > column_names_.size()) {
    return BadCopyFormat("extra data after last expected column");
  }
  return Status::Ok();
}

}  // namespace luma::pgwire
