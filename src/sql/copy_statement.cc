#include "sql/copy_statement.h"

#include <optional>

namespace luma::sql {
namespace {

std::string QuoteName(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

// The text of 'abc' or E'\t'.
std::string StringValue(std::string_view literal) {
  const bool escapes = literal[0] == 'e' || literal[0] == 'E';
  const size_t begin = literal.find('\'') + 1;
  std::string value;
  for (size_t i = begin; i + 1 < literal.size(); ++i) {
    if (escapes && literal[i] == '\\') {
      const char c = literal[++i];
      value.push_back(c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c);
      continue;
    }
    value.push_back(literal[i]);
    if (literal[i] == '\'') ++i;  // doubled
  }
  return value;
}

class CopyParser {
 public:
  CopyParser(std::string_view text, std::span<const Token> tokens, ParsedStatement& statement)
      : text_(text), tokens_(tokens), statement_(statement) {}

  Status Parse() {
    ++at_;  // COPY
    LUMA_RETURN_IF_ERROR(Source());
    LUMA_RETURN_IF_ERROR(Direction());
    Accept("with");
    LUMA_RETURN_IF_ERROR(AcceptSymbol('(') ? ParenthesisedOptions() : OldOptions());
    if (at_ < tokens_.size()) return Error();
    Finish();
    return Status::Ok();
  }

 private:
  const Token* Peek() const { return at_ < tokens_.size() ? &tokens_[at_] : nullptr; }
  bool Accept(std::string_view keyword) {
    const bool matches = at_ < tokens_.size() && tokens_[at_].Is(keyword);
    at_ += matches ? 1 : 0;
    return matches;
  }
  bool AcceptSymbol(char symbol) {
    const bool matches = at_ < tokens_.size() && tokens_[at_].IsSymbol(symbol);
    at_ += matches ? 1 : 0;
    return matches;
  }
  Status Error() const {
    const size_t offset = at_ < tokens_.size() ? tokens_[at_].offset : text_.size();
    const std::string near = at_ < tokens_.size() ? std::string(tokens_[at_].text) : "";
    return (near.empty() ? Status::SyntaxError("syntax error at end of input")
                         : Status::SyntaxError("syntax error at or near \"", near, "\""))
        .WithSqlPosition(static_cast<int>(offset) + 1);
  }

  // A parenthesised query, or a table with an optional column list.
  Status Source() {
    if (AcceptSymbol('(')) return Query();
    for (;;) {
      const Token* name = Peek();
      if (name == nullptr ||
          (name->kind != TokenKind::kWord && name->kind != TokenKind::kQuotedName)) {
        return Error();
      }
      statement_.copy.table += QuoteName(name->Name());
      ++at_;
      if (!AcceptSymbol('.')) break;
      statement_.copy.table += ".";
    }
    return AcceptSymbol('(') ? Columns() : Status::Ok();
  }

  Status Query() {
    const size_t begin = at_;
    for (int depth = 1; at_ < tokens_.size(); ++at_) {
      if (tokens_[at_].IsSymbol('(')) ++depth;
      if (tokens_[at_].IsSymbol(')') && --depth == 0) break;
    }
    if (at_ >= tokens_.size() || at_ == begin) return Error();
    query_ = std::string(
        text_.substr(tokens_[begin].offset, tokens_[at_].offset - tokens_[begin].offset));
    ++at_;
    return Status::Ok();
  }

  Status Columns() {
    do {
      const Token* name = Peek();
      if (name == nullptr) return Error();
      statement_.copy.columns.push_back(name->Name());
      ++at_;
    } while (AcceptSymbol(','));
    return AcceptSymbol(')') ? Status::Ok() : Error();
  }

  Status Direction() {
    const bool from = Accept("from");
    if (!from && !Accept("to")) return Error();
    if (!Accept(from ? "stdin" : "stdout")) {
      const Token* target = Peek();
      if (target != nullptr && (target->kind == TokenKind::kString || target->Is("program"))) {
        return Status::PermissionDenied("COPY from or to files is not allowed")
            .WithHint("Use COPY FROM STDIN or COPY TO STDOUT; psql's \\copy does so for files.");
      }
      return Error();
    }
    if (from && query_) return Error();
    statement_.kind = from ? StatementKind::kCopyFromStdin : StatementKind::kCopyToStdout;
    return Status::Ok();
  }

  // WITH (FORMAT csv, HEADER, DELIMITER ';')
  Status ParenthesisedOptions() {
    do {
      const Token* name = Peek();
      if (name == nullptr) return Error();
      const std::string option = name->Name();
      ++at_;
      LUMA_RETURN_IF_ERROR(Apply(option, OptionValue()));
    } while (AcceptSymbol(','));
    return AcceptSymbol(')') ? Status::Ok() : Error();
  }

  // CSV HEADER DELIMITER AS ';'
  Status OldOptions() {
    while (at_ < tokens_.size()) {
      const std::string option = tokens_[at_++].Name();
      if (option == "csv" || option == "binary") {
        LUMA_RETURN_IF_ERROR(Apply("format", option));
      } else if (option == "header") {
        LUMA_RETURN_IF_ERROR(Apply(option, std::nullopt));
      } else {
        Accept("as");
        LUMA_RETURN_IF_ERROR(Apply(option, OptionValue()));
      }
    }
    return Status::Ok();
  }

  std::optional<std::string> OptionValue() {
    const Token* value = Peek();
    if (value == nullptr || value->kind == TokenKind::kSymbol) return std::nullopt;
    ++at_;
    return value->kind == TokenKind::kString ? StringValue(value->text) : value->Name();
  }

  Status Apply(const std::string& option, const std::optional<std::string>& value) {
    CopyOptions& copy = statement_.copy;
    if (option == "format") return ApplyFormat(value.value_or(""));
    if (option == "header") {
      const std::string on = value.value_or("true");
      copy.header = on == "true" || on == "on" || on == "1" || on == "match";
      return Status::Ok();
    }
    if (option == "null") {
      null_text_ = value.value_or("");
      return Status::Ok();
    }
    if (option == "encoding" || option == "freeze") return Status::Ok();
    if (option == "delimiter") return ApplyCharacter(option, value, delimiter_);
    if (option == "quote") return ApplyCharacter(option, value, quote_);
    if (option == "escape") return ApplyCharacter(option, value, escape_);
    return Status::Unsupported("COPY option is not supported: option=", option);
  }

  Status ApplyFormat(const std::string& format) {
    if (format == "csv") {
      statement_.copy.format = CopyFormat::kCsv;
    } else if (format == "binary") {
      statement_.copy.format = CopyFormat::kBinary;
    } else if (format != "text") {
      return Status::InvalidArgument("COPY format not recognized: format=", format);
    }
    return Status::Ok();
  }

  static Status ApplyCharacter(const std::string& option, const std::optional<std::string>& value,
                               std::optional<char>& target) {
    if (!value || value->size() != 1) {
      return Status::InvalidArgument("COPY ", option, " must be a single one-byte character");
    }
    target = (*value)[0];
    return Status::Ok();
  }

  void Finish() {
    CopyOptions& copy = statement_.copy;
    const bool csv = copy.format == CopyFormat::kCsv;
    copy.delimiter = delimiter_.value_or(csv ? ',' : '\t');
    copy.quote = quote_.value_or('"');
    copy.escape = escape_.value_or(copy.quote);
    copy.null_text = null_text_.value_or(csv ? "" : "\\N");
    statement_.command_tag = "COPY";
    if (statement_.kind == StatementKind::kCopyToStdout) {
      statement_.text = query_ ? *query_ : TableQuery();
      statement_.returns_rows = true;
    }
  }

  std::string TableQuery() const {
    std::string columns;
    for (const std::string& column : statement_.copy.columns) {
      columns += (columns.empty() ? "" : ", ") + QuoteName(column);
    }
    return "SELECT " + (columns.empty() ? "*" : columns) + " FROM " + statement_.copy.table;
  }

  std::string_view text_;
  std::span<const Token> tokens_;
  ParsedStatement& statement_;
  size_t at_ = 0;
  std::optional<std::string> query_;
  std::optional<std::string> null_text_;
  std::optional<char> delimiter_, quote_, escape_;
};

}  // namespace

Status ParseCopy(std::string_view text, std::span<const Token> tokens, ParsedStatement& statement) {
  return CopyParser(text, tokens, statement).Parse();
}

}  // namespace luma::sql
