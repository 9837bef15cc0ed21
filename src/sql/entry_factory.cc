#include "sql/entry_factory.h"

#include "sql/luma_schema_entry.h"
#include "sql/luma_table_entry.h"
#include "sql/table_definition.h"
#include "sql/type_mapping.h"

namespace luma::sql {
namespace {

using duckdb::CatalogType;
using storage::CatalogObject;
using storage::ObjectKind;

// A view is bound by its query each time; the column types it keeps are for listings only.
class LumaViewEntry final : public duckdb::ViewCatalogEntry {
 public:
  using ViewCatalogEntry::ViewCatalogEntry;
  bool HasTypes() const override { return false; }
};

class LumaIndexEntry final : public duckdb::IndexCatalogEntry {
 public:
  LumaIndexEntry(duckdb::Catalog& catalog_of, duckdb::SchemaCatalogEntry& schema_of,
                 duckdb::CreateIndexInfo& info, std::string table_name)
      : IndexCatalogEntry(catalog_of, schema_of, info), table_name_(std::move(table_name)) {}
  duckdb::string GetSchemaName() const override { return schema.name; }
  duckdb::string GetTableName() const override { return table_name_; }

 private:
  std::string table_name_;
};

// The engine keeps milliseconds; SQL sees TIMESTAMPTZ, as it should for points in time
// (block_reader.h converts).
void ShowTimesWithZone(duckdb::CreateTableInfo& info) {
  for (size_t i = 0; i < info.columns.LogicalColumnCount(); ++i) {
    auto& column = info.columns.GetColumnMutable(duckdb::LogicalIndex(i));
    if (column.Type().id() != duckdb::LogicalTypeId::TIMESTAMP_MS) continue;
    column.SetType(duckdb::LogicalType::TIMESTAMP_TZ);
  }
}

duckdb::Value CommentOf(const CatalogObject& object) {
  return object.comment.empty() ? duckdb::Value() : duckdb::Value(object.comment);
}

// The single CREATE statement that `definition` is.
template <typename Info>
duckdb::unique_ptr<Info> ParseCreate(const std::string& definition) {
  duckdb::Parser parser;
  parser.ParseQuery(definition);
  auto& statement = parser.statements.at(0)->Cast<duckdb::CreateStatement>();
  return duckdb::unique_ptr_cast<duckdb::CreateInfo, Info>(std::move(statement.info));
}

std::shared_ptr<duckdb::CatalogEntry> MakeTable(LumaCatalog& catalog, LumaSchemaEntry& schema,
                                                LumaTransaction& transaction,
                                                const CatalogObject& object) {
  const auto info = ToCreateTableInfo(transaction, object, schema.name);
  if (object.is_builtin) ShowTimesWithZone(*info);
  return std::make_shared<LumaTableEntry>(catalog, schema, *info, object);
}

std::shared_ptr<duckdb::CatalogEntry> MakeView(LumaCatalog& catalog, LumaSchemaEntry& schema,
                                               const CatalogObject& object) {
  const size_t newline = object.definition.find('\n');
  duckdb::CreateViewInfo info(catalog.GetName(), schema.name, object.name);
  const auto columns = duckdb::Parser::ParseColumnList(object.definition.substr(0, newline));
  for (const auto& column : columns.Logical()) {
    info.aliases.push_back(column.Name());
    info.names.push_back(column.Name());
    info.types.push_back(column.Type());
  }
  info.query = duckdb::CreateViewInfo::ParseSelect(object.definition.substr(newline + 1));
  info.comment = CommentOf(object);
  info.sql = info.ToString();
  return std::make_shared<LumaViewEntry>(catalog, schema, info);
}

std::shared_ptr<duckdb::CatalogEntry> MakeSequence(LumaCatalog& catalog, LumaSchemaEntry& schema,
                                                   const CatalogObject& object) {
  duckdb::CreateSequenceInfo info;
  info.name = object.name;
  info.increment = object.sequence.increment;
  info.min_value = object.sequence.min_value;
  info.max_value = object.sequence.max_value;
  info.start_value = object.sequence.start;
  info.cycle = object.sequence.cycle;
  info.comment = CommentOf(object);
  return std::make_shared<duckdb::SequenceCatalogEntry>(catalog, schema, info);
}

std::shared_ptr<duckdb::CatalogEntry> MakeType(LumaCatalog& catalog, LumaSchemaEntry& schema,
                                               const CatalogObject& object) {
  duckdb::CreateTypeInfo info(object.name, TypeFromText(object.definition));
  info.comment = CommentOf(object);
  return std::make_shared<duckdb::TypeCatalogEntry>(catalog, schema, info);
}

template <typename Entry>
std::shared_ptr<duckdb::CatalogEntry> MakeMacro(LumaCatalog& catalog, LumaSchemaEntry& schema,
                                                const CatalogObject& object) {
  const auto info = ParseCreate<duckdb::CreateMacroInfo>(object.definition);
  info->catalog = catalog.GetName();
  info->schema = schema.name;
  info->name = object.name;
  info->comment = CommentOf(object);
  return std::make_shared<Entry>(catalog, schema, *info);
}

std::shared_ptr<duckdb::CatalogEntry> MakeIndex(LumaCatalog& catalog, LumaSchemaEntry& schema,
                                                LumaTransaction& transaction,
                                                const CatalogObject& object) {
  const auto info = ParseIndexDefinition(object.definition);
  const auto table = transaction.Find(object.table_id);
  info->index_name = object.name;
  info->table = table ? table->name : "";
  info->comment = CommentOf(object);
  return std::make_shared<LumaIndexEntry>(catalog, schema, *info, info->table);
}

std::shared_ptr<duckdb::CatalogEntry> MakeEntryOfKind(LumaCatalog& catalog, LumaSchemaEntry& schema,
                                                      LumaTransaction& transaction,
                                                      const CatalogObject& object) {
  switch (object.kind) {
    case ObjectKind::kTable:
      return MakeTable(catalog, schema, transaction, object);
    case ObjectKind::kView:
      return MakeView(catalog, schema, object);
    case ObjectKind::kSequence:
      return MakeSequence(catalog, schema, object);
    case ObjectKind::kType:
      return MakeType(catalog, schema, object);
    case ObjectKind::kScalarMacro:
      return MakeMacro<duckdb::ScalarMacroCatalogEntry>(catalog, schema, object);
    case ObjectKind::kTableMacro:
      return MakeMacro<duckdb::TableMacroCatalogEntry>(catalog, schema, object);
    case ObjectKind::kIndex:
      return MakeIndex(catalog, schema, transaction, object);
    case ObjectKind::kSchema:
      break;
  }
  throw duckdb::InvalidInputException("no such kind of object: name=%s", object.name);
}

}  // namespace

std::shared_ptr<duckdb::CatalogEntry> MakeEntry(LumaCatalog& catalog, LumaSchemaEntry& schema,
                                                LumaTransaction& transaction,
                                                const CatalogObject& object) {
  auto entry = MakeEntryOfKind(catalog, schema, transaction, object);
  entry->oid = static_cast<duckdb::idx_t>(object.id);
  entry->internal = object.is_builtin;
  return entry;
}

CatalogType EntryTypeOf(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kSchema:
      return CatalogType::SCHEMA_ENTRY;
    case ObjectKind::kTable:
      return CatalogType::TABLE_ENTRY;
    case ObjectKind::kView:
      return CatalogType::VIEW_ENTRY;
    case ObjectKind::kSequence:
      return CatalogType::SEQUENCE_ENTRY;
    case ObjectKind::kType:
      return CatalogType::TYPE_ENTRY;
    case ObjectKind::kScalarMacro:
      return CatalogType::MACRO_ENTRY;
    case ObjectKind::kTableMacro:
      return CatalogType::TABLE_MACRO_ENTRY;
    case ObjectKind::kIndex:
      return CatalogType::INDEX_ENTRY;
  }
  return CatalogType::INVALID;
}

std::string ViewDefinition(const duckdb::CreateViewInfo& info) {
  std::string columns;
  for (size_t i = 0; i < info.types.size(); ++i) {
    const std::string& name = i < info.aliases.size() ? info.aliases[i] : info.names[i];
    if (i > 0) columns += ", ";
    columns += duckdb::KeywordHelper::WriteOptionallyQuoted(name) + " " + TypeToText(info.types[i]);
  }
  return columns + "\n" + info.query->ToString();
}

std::string TypeDefinition(duckdb::ClientContext& context, const duckdb::CreateTypeInfo& info) {
  duckdb::LogicalType type = info.type;
  duckdb::Binder::CreateBinder(context)->BindLogicalType(type);
  return TypeToText(type);
}

std::string MacroDefinition(const duckdb::CreateMacroInfo& info) {
  auto copy = duckdb::unique_ptr_cast<duckdb::CreateInfo, duckdb::CreateMacroInfo>(info.Copy());
  copy->catalog = "";
  copy->schema = "";
  copy->on_conflict = duckdb::OnCreateConflict::ERROR_ON_CONFLICT;
  return copy->ToString();
}

std::string IndexDefinition(const duckdb::CreateIndexInfo& info) {
  const auto copy = info.Copy();
  copy->catalog = "";
  copy->schema = "";
  copy->on_conflict = duckdb::OnCreateConflict::ERROR_ON_CONFLICT;
  return copy->ToString();
}

duckdb::unique_ptr<duckdb::CreateIndexInfo> ParseIndexDefinition(const std::string& definition) {
  return ParseCreate<duckdb::CreateIndexInfo>(definition);
}

}  // namespace luma::sql
