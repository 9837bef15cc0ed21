#include "pgwire/copy_format.h"

#include "pgwire/wire_writer.h"

namespace luma::pgwire {
namespace {

// The letter that stands for a control character after a backslash, or 0.
char EscapeLetter(char c) {
  switch (c) {
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\v':
      return 'v';
    default:
      return 0;
  }
}

}  // namespace

void CopyWriter::WriteHeader(std::string& out) const {
  WireWriter writer(out);
  writer.Begin('d');
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) out.push_back(options_.delimiter);
    AppendField(columns_[i].name, out);
  }
  out.push_back('\n');
  writer.End();
}

Status CopyWriter::WriteRow(const sql::ResultBatch& batch, uint32_t row, size_t row_bytes_max,
                            std::string& out) const {
  WireWriter writer(out);
  writer.Begin('d');
  std::string value;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) out.push_back(options_.delimiter);
    if (batch.columns[i].IsNull(row)) {
      out += options_.null_text;
    } else {
      value.clear();
      AppendTextValue(columns_[i], batch.columns[i], row, settings_, value);
      AppendField(value, out);
    }
    if (writer.message_bytes() > row_bytes_max) {
      writer.Abandon();
      return Status::TooLarge("result row is too large: limit_bytes=", row_bytes_max);
    }
  }
  out.push_back('\n');
  writer.End();
  return Status::Ok();
}

void CopyWriter::AppendField(std::string_view value, std::string& out) const {
  if (options_.format == sql::CopyFormat::kCsv) {
    AppendCsvField(value, out);
  } else {
    AppendTextField(value, out);
  }
}

void CopyWriter::AppendTextField(std::string_view value, std::string& out) const {
  for (const char c : value) {
    const char letter = EscapeLetter(c);
    if (letter != 0) {
      out.push_back('\\');
      out.push_back(letter);
    } else {
      if (c == '\\' || c == options_.delimiter) out.push_back('\\');
      out.push_back(c);
    }
  }
}

void CopyWriter::AppendCsvField(std::string_view value, std::string& out) const {
  if (!NeedsQuotes(value)) {
    out += value;
    return;
  }
  out.push_back(options_.quote);
  for (const char c : value) {
    if (c == options_.quote || c == options_.escape) out.push_back(options_.escape);
    out.push_back(c);
  }
  out.push_back(options_.quote);
}

bool CopyWriter::NeedsQuotes(std::string_view value) const {
  // A value that looks like NULL, or a lone column that looks like the end mark, would be misread.
  if (value == options_.null_text) return true;
  if (columns_.size() == 1 && value == "\\.") return true;
  const char special[] = {options_.delimiter, options_.quote, '\n', '\r'};
  return value.find_first_of(std::string_view(special, sizeof(special))) != std::string_view::npos;
}

}  // namespace luma::pgwire
