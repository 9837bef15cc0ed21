#include "sql/table_options.h"

#include <initializer_list>
#include <string_view>
#include <utility>

#include "sql/alter_table.h"
#include "sql/duckdb_boundary.h"
#include "sql/luma_catalog.h"
#include "sql/luma_table_entry.h"
#include "storage/table_policy_options.h"

namespace luma::sql {
namespace {

using Tokens = std::span<const Token>;

bool IsName(const Token& token) {
  return token.kind == TokenKind::kWord || token.kind == TokenKind::kQuotedName;
}

bool IsStorageParameter(std::string_view name) {
  return name == "fillfactor" || name == "oids" || name == "parallel_workers" ||
         name == "user_catalog_table" || name.starts_with("autovacuum") ||
         name.starts_with("toast") || name.starts_with("vacuum") ||
         name.starts_with("log_autovacuum");
}

// Reads a statement from left to right. Each Take leaves the place alone when it finds no match.
class Reader {
 public:
  Reader(Tokens tokens, size_t at) : tokens_(tokens), at_(at) {}

  bool TakeWords(std::initializer_list<std::string_view> words) {
    if (tokens_.size() - at_ < words.size()) return false;
    size_t at = at_;
    for (const std::string_view word : words) {
      if (!tokens_[at++].Is(word)) return false;
    }
    at_ = at;
    return true;
  }
  bool TakeSymbol(char symbol) {
    if (at_end() || !tokens_[at_].IsSymbol(symbol)) return false;
    ++at_;
    return true;
  }
  std::optional<std::string> TakeName() {
    if (at_end() || !IsName(tokens_[at_])) return std::nullopt;
    return tokens_[at_++].Name();
  }
  // A string, a number with its sign, or a word.
  std::optional<std::string> TakeValue() {
    const std::string sign = TakeSymbol('-') ? "-" : "";
    if (at_end() || tokens_[at_].kind == TokenKind::kSymbol) return std::nullopt;
    return sign + tokens_[at_++].Literal();
  }
  // [schema.]table
  bool TakeTable(TableOptionsChange& change) {
    const auto first = TakeName();
    if (!first) return false;
    change.table = *first;
    if (!TakeSymbol('.')) return true;
    const auto second = TakeName();
    if (!second) return false;
    change.schema = std::exchange(change.table, *second);
    return true;
  }
  // (a = 1, toast.b = 'x', c); without values when `change.reset` is to take the names.
  bool TakeOptions(bool is_reset, TableOptionsChange& change) {
    if (!TakeSymbol('(')) return false;
    do {
      if (!TakeOption(is_reset, change)) return false;
    } while (TakeSymbol(','));
    return TakeSymbol(')');
  }

  bool at_end() const { return at_ >= tokens_.size(); }
  size_t at() const { return at_; }

 private:
  bool TakeOption(bool is_reset, TableOptionsChange& change) {
    const auto name = TakeName();
    if (!name) return false;
    if (TakeSymbol('.') && !TakeName()) return false;
    std::optional<std::string> value = "true";
    if (!is_reset && TakeSymbol('=')) value = TakeValue();
    if (!value) return false;
    if (IsStorageParameter(*name)) return true;
    if (is_reset) {
      change.reset.push_back(*name);
    } else {
      change.set.insert_or_assign(*name, *value);
    }
    return true;
  }

  const Tokens tokens_;
  size_t at_;
};

std::optional<TableOptionsChange> TakeFromAlter(Tokens tokens, TextEdits& edits) {
  Reader reader(tokens, 0);
  if (!reader.TakeWords({"alter", "table"})) return std::nullopt;
  TableOptionsChange change;
  change.if_exists = reader.TakeWords({"if", "exists"});
  reader.TakeWords({"only"});
  if (!reader.TakeTable(change)) return std::nullopt;
  const bool is_reset = reader.TakeWords({"reset"});
  if (!is_reset && !reader.TakeWords({"set"})) return std::nullopt;
  if (!reader.TakeOptions(is_reset, change) || !reader.at_end()) return std::nullopt;
  edits.Replace(0, tokens.back().end(), "");
  return change;
}

// CREATE [OR REPLACE] [TEMP ...] TABLE; the place after it.
std::optional<size_t> AfterCreateTable(Tokens tokens) {
  for (size_t i = 1; i < std::min<size_t>(tokens.size(), 6); ++i) {
    if (tokens[i].Is("table")) return i + 1;
    if (tokens[i].Is("view") || tokens[i].Is("as")) return std::nullopt;
  }
  return std::nullopt;
}

std::optional<TableOptionsChange> TakeFromCreate(Tokens tokens, TextEdits& edits) {
  const auto start = AfterCreateTable(tokens);
  if (!start) return std::nullopt;
  Reader head(tokens, *start);
  TableOptionsChange change;
  change.if_not_exists = head.TakeWords({"if", "not", "exists"});
  if (!head.TakeTable(change)) return std::nullopt;
  for (size_t i = head.at(); i < tokens.size() && !tokens[i].Is("as"); ++i) {
    if (!tokens[i].Is("with")) continue;
    Reader list(tokens, i + 1);
    if (!list.TakeOptions(false, change)) return std::nullopt;
    const size_t begin = tokens[i].offset;
    edits.Replace(begin, tokens[list.at() - 1].end() - begin, "");
    if (change.set.empty()) return std::nullopt;
    return change;
  }
  return std::nullopt;
}

duckdb::optional_ptr<duckdb::CatalogEntry> FindEntry(duckdb::ClientContext& context,
                                                     const TableOptionsChange& change,
                                                     duckdb::OnEntryNotFound if_not_found) {
  const duckdb::EntryLookupInfo lookup(duckdb::CatalogType::TABLE_ENTRY, change.table);
  return duckdb::Catalog::GetEntry(context, INVALID_CATALOG, change.schema, lookup, if_not_found);
}

// Unknown names are errors of RESET, too.
void CheckOptions(const TableOptionsChange& change) {
  ThrowIfError(storage::ParseTablePolicy(change.set).status());
  const auto known = storage::FormatTablePolicy({.hot_age = std::chrono::seconds(1),
                                                 .hot_bytes = 1,
                                                 .warm_age = std::chrono::seconds(1),
                                                 .retention = std::chrono::seconds(1)});
  for (const std::string& name : change.reset) {
    if (!known.contains(name)) ThrowIfError(storage::ParseTablePolicy({{name, ""}}).status());
  }
}

}  // namespace

std::optional<TableOptionsChange> TakeTableOptions(Tokens tokens, TextEdits& edits) {
  return tokens[0].Is("alter") ? TakeFromAlter(tokens, edits) : TakeFromCreate(tokens, edits);
}

bool TableExists(duckdb::ClientContext& context, const TableOptionsChange& change) {
  return FindEntry(context, change, duckdb::OnEntryNotFound::RETURN_NULL) != nullptr;
}

void ApplyTableOptions(duckdb::ClientContext& context, const TableOptionsChange& change) {
  CheckOptions(change);
  auto entry = FindEntry(context, change,
                         change.if_exists ? duckdb::OnEntryNotFound::RETURN_NULL
                                          : duckdb::OnEntryNotFound::THROW_EXCEPTION);
  if (!entry) return;
  auto* const table = dynamic_cast<LumaTableEntry*>(entry.get());
  if (table == nullptr) {
    ThrowStatus(Status::InvalidArgument("\"", change.table, "\" is not a table that is stored")
                    .WithSqlState("42809"));
  }
  ChangeOptions(context, table->ParentCatalog().Cast<LumaCatalog>(), table->id(), change);
}

}  // namespace luma::sql
