#include "sql/luma_schema_entry.h"

#include <algorithm>
#include <optional>

#include "sql/alter_objects.h"
#include "sql/dependencies.h"
#include "sql/drop_objects.h"
#include "sql/duckdb_boundary.h"
#include "sql/entry_factory.h"
#include "sql/store_relations.h"
#include "sql/table_definition.h"

namespace luma::sql {
namespace {

using duckdb::CatalogType;
using duckdb::OnCreateConflict;
using storage::CatalogObject;
using storage::CatalogObjectPtr;
using storage::NameSpace;
using storage::ObjectKind;

std::optional<NameSpace> NameSpaceOfType(CatalogType type) {
  switch (type) {
    case CatalogType::TABLE_ENTRY:
    case CatalogType::VIEW_ENTRY:
    case CatalogType::SEQUENCE_ENTRY:
    case CatalogType::INDEX_ENTRY:
      return NameSpace::kRelation;
    case CatalogType::TYPE_ENTRY:
      return NameSpace::kType;
    case CatalogType::MACRO_ENTRY:
    case CatalogType::SCALAR_FUNCTION_ENTRY:
    case CatalogType::AGGREGATE_FUNCTION_ENTRY:
    case CatalogType::TABLE_MACRO_ENTRY:
    case CatalogType::TABLE_FUNCTION_ENTRY:
      return NameSpace::kMacro;
    default:
      return std::nullopt;
  }
}

// DuckDB asks for a table and takes a view, asks for a function and takes a macro.
bool Satisfies(CatalogType asked, ObjectKind found) {
  switch (asked) {
    case CatalogType::TABLE_ENTRY:
    case CatalogType::VIEW_ENTRY:
      return found == ObjectKind::kTable || found == ObjectKind::kView;
    case CatalogType::SEQUENCE_ENTRY:
      return found == ObjectKind::kSequence;
    case CatalogType::INDEX_ENTRY:
      return found == ObjectKind::kIndex;
    case CatalogType::TYPE_ENTRY:
      return found == ObjectKind::kType;
    case CatalogType::TABLE_MACRO_ENTRY:
    case CatalogType::TABLE_FUNCTION_ENTRY:
      return found == ObjectKind::kTableMacro;
    default:
      return found == ObjectKind::kScalarMacro;
  }
}

std::vector<ObjectKind> KindsListedAs(CatalogType type) {
  switch (type) {
    case CatalogType::TABLE_ENTRY:
    case CatalogType::VIEW_ENTRY:
      return {ObjectKind::kTable, ObjectKind::kView};
    case CatalogType::SEQUENCE_ENTRY:
      return {ObjectKind::kSequence};
    case CatalogType::INDEX_ENTRY:
      return {ObjectKind::kIndex};
    case CatalogType::TYPE_ENTRY:
      return {ObjectKind::kType};
    case CatalogType::SCALAR_FUNCTION_ENTRY:
    case CatalogType::MACRO_ENTRY:
      return {ObjectKind::kScalarMacro};
    case CatalogType::TABLE_FUNCTION_ENTRY:
    case CatalogType::TABLE_MACRO_ENTRY:
      return {ObjectKind::kTableMacro};
    default:
      return {};
  }
}

CatalogObject NewObject(ObjectKind kind, const std::string& name, const duckdb::Value& comment) {
  CatalogObject object;
  object.kind = kind;
  object.name = name;
  if (!comment.IsNull()) object.comment = comment.ToString();
  return object;
}

void AddReferencedTables(const TableSchema& schema, std::vector<ObjectId>& depends_on) {
  for (const ForeignKeyConstraint& foreign_key : schema.foreign_keys) {
    const ObjectId table = foreign_key.referenced_table;
    if (table != kInvalidObjectId && std::ranges::find(depends_on, table) == depends_on.end()) {
      depends_on.push_back(table);
    }
  }
}

bool RefersToItself(const TableSchema& schema) {
  return std::ranges::any_of(schema.foreign_keys, [](const ForeignKeyConstraint& foreign_key) {
    return foreign_key.referenced_table == kInvalidObjectId;
  });
}

// Foreign keys of a table to itself, now that it has an id.
void SetOwnReferences(LumaTransaction& transaction, ObjectId table) {
  CatalogObject object = *transaction.Find(table);
  auto schema = std::make_shared<TableSchema>(*object.table);
  for (ForeignKeyConstraint& foreign_key : schema->foreign_keys) {
    if (foreign_key.referenced_table == kInvalidObjectId) foreign_key.referenced_table = table;
  }
  object.table = std::move(schema);
  transaction.Alter(std::move(object));
}

// Whether the server alone makes the schema's objects: a client's table would hide a metric.
bool IsClosed(ObjectId schema) {
  return schema == storage::kMetricsSchemaId || schema == storage::kLumaSchemaId ||
         schema == storage::kStoreSchemaId;
}

// Views that no one created: see metric_relations.h and store_relations.h.
CatalogObjectPtr FindMadeUpView(LumaCatalog& catalog, LumaTransaction& transaction, ObjectId schema,
                                const std::string& name) {
  if (const auto view = FindStoreView(schema, name)) return view;
  return catalog.metrics().Find(transaction, schema, name);
}

std::vector<CatalogObjectPtr> ListMadeUpViews(LumaCatalog& catalog, LumaTransaction& transaction,
                                              ObjectId schema) {
  if (schema == storage::kMetricsSchemaId) return catalog.metrics().List(transaction);
  if (schema != storage::kStoreSchemaId) return {};
  return {StoreViews().begin(), StoreViews().end()};
}

[[noreturn]] void ThrowCannotCreate(const char* what) {
  throw duckdb::NotImplementedException("this database cannot create %s", what);
}

}  // namespace

LumaSchemaEntry::LumaSchemaEntry(LumaCatalog& catalog_of, duckdb::CreateSchemaInfo& info,
                                 ObjectId id)
    : SchemaCatalogEntry(catalog_of, info) {
  oid = static_cast<duckdb::idx_t>(id);
}

void LumaSchemaEntry::Replace(LumaTransaction& transaction, const CatalogObject& existing,
                              CatalogObject object) {
  if (existing.kind != object.kind) {
    throw duckdb::CatalogException("Existing object %s is of another type", existing.name);
  }
  if (existing.kind == ObjectKind::kTable) {
    DropObject(transaction, existing, /*cascade=*/false);
    transaction.Create(std::move(object));
    return;
  }
  object.id = existing.id;  // objects that depend on it keep what they point at
  transaction.Alter(std::move(object));
}

duckdb::optional_ptr<duckdb::CatalogEntry> LumaSchemaEntry::Add(
    duckdb::CatalogTransaction catalog_transaction, OnCreateConflict on_conflict,
    CatalogObject object) {
  if (object.name.empty()) {
    ThrowStatus(Status::SyntaxError("zero-length delimited identifier"));
  }
  auto& transaction = LumaTransaction::Get(catalog_transaction);
  object.schema_id = ObjectIdOf(*this);
  const NameSpace space = NameSpaceOf(object.kind);
  const std::string name_added = object.name;
  const auto existing = transaction.Find(object.schema_id, space, object.name);
  if (existing && on_conflict == OnCreateConflict::IGNORE_ON_CONFLICT) return nullptr;
  if (IsClosed(object.schema_id)) {
    ThrowStatus(Status::PermissionDenied("permission denied for schema ", name));
  }
  if (!existing) {
    transaction.Create(std::move(object));
  } else if (on_conflict == OnCreateConflict::REPLACE_ON_CONFLICT) {
    Replace(transaction, *existing, std::move(object));
  } else {
    throw duckdb::CatalogException::EntryAlreadyExists(EntryTypeOf(existing->kind), name_added);
  }
  return luma_catalog().EntryOf(transaction,
                                transaction.Find(ObjectIdOf(*this), space, name_added));
}

duckdb::optional_ptr<duckdb::CatalogEntry> LumaSchemaEntry::CreateTable(
    duckdb::CatalogTransaction transaction, duckdb::BoundCreateTableInfo& info) {
  const auto& base = info.Base();
  auto& luma_transaction = LumaTransaction::Get(transaction);
  CatalogObject object = NewObject(ObjectKind::kTable, base.table, base.comment);
  auto schema = ToTableSchema(luma_transaction, ObjectIdOf(*this), base);
  object.depends_on = ObjectIdsOf(luma_transaction, info.dependencies);
  AddReferencedTables(schema, object.depends_on);
  const bool refers_to_itself = RefersToItself(schema);
  object.table = std::make_shared<const TableSchema>(std::move(schema));
  const auto created = Add(transaction, base.on_conflict, std::move(object));
  if (!created || !refers_to_itself) return created;
  SetOwnReferences(luma_transaction, ObjectIdOf(*created));
  return luma_catalog().EntryOf(luma_transaction, luma_transaction.Find(ObjectIdOf(*created)));
}

duckdb::optional_ptr<duckdb::CatalogEntry> LumaSchemaEntry::CreateView(
    duckdb::CatalogTransaction transaction, duckdb::CreateViewInfo& info) {
  CatalogObject object = NewObject(ObjectKind::kView, info.view_name, info.comment);
  object.definition = ViewDefinition(info);
  object.depends_on = ObjectIdsOf(LumaTransaction::Get(transaction), info.dependencies);
  return Add(transaction, info.on_conflict, std::move(object));
}

duckdb::optional_ptr<duckdb::CatalogEntry> LumaSchemaEntry::CreateSequence(
    duckdb::CatalogTransaction transaction, duckdb::CreateSequenceInfo& info) {
  CatalogObject object = NewObject(ObjectKind::kSequence, info.name, info.comment);
  object.sequence = {.start = info.start_value,
                     .increment = info.increment,
                     .min_value = info.min_value,
                     .max_value = info.max_value,
                     .cycle = info.cycle};
  return Add(transaction, info.on_conflict, std::move(object));
}

duckdb::optional_ptr<duckdb::CatalogEntry> LumaSchemaEntry::CreateType(
    duckdb::CatalogTransaction transaction, duckdb::CreateTypeInfo& info) {
  CatalogObject object = NewObject(ObjectKind::kType, info.name, info.comment);
  object.definition = TypeDefinition(transaction.GetContext(), info);
  object.depends_on = ObjectIdsOf(LumaTransaction::Get(transaction), info.dependencies);
  return Add(transaction, info.on_conflict, std::move(object));
}

duckdb::optional_ptr<duckdb::CatalogEntry> LumaSchemaEntry::CreateFunction(
    duckdb::CatalogTransaction transaction, duckdb::CreateFunctionInfo& info) {
  const bool scalar = info.type == CatalogType::MACRO_ENTRY;
  if (!scalar && info.type != CatalogType::TABLE_MACRO_ENTRY) ThrowCannotCreate("functions");
  CatalogObject object = NewObject(scalar ? ObjectKind::kScalarMacro : ObjectKind::kTableMacro,
                                   info.name, info.comment);
  object.definition = MacroDefinition(info.Cast<duckdb::CreateMacroInfo>());
  object.depends_on = ObjectIdsOf(LumaTransaction::Get(transaction), info.dependencies);
  return Add(transaction, info.on_conflict, std::move(object));
}

duckdb::optional_ptr<duckdb::CatalogEntry> LumaSchemaEntry::CreateIndex(
    duckdb::CatalogTransaction transaction, duckdb::CreateIndexInfo& info,
    duckdb::TableCatalogEntry& table) {
  CatalogObject object = NewObject(ObjectKind::kIndex, info.index_name, info.comment);
  object.definition = IndexDefinition(info);
  object.table_id = ObjectIdOf(table);
  object.depends_on = {object.table_id};
  return Add(transaction, info.on_conflict, std::move(object));
}

duckdb::optional_ptr<duckdb::CatalogEntry> LumaSchemaEntry::CreateTableFunction(
    duckdb::CatalogTransaction, duckdb::CreateTableFunctionInfo&) {
  ThrowCannotCreate("table functions");
}

duckdb::optional_ptr<duckdb::CatalogEntry> LumaSchemaEntry::CreateCopyFunction(
    duckdb::CatalogTransaction, duckdb::CreateCopyFunctionInfo&) {
  ThrowCannotCreate("copy functions");
}

duckdb::optional_ptr<duckdb::CatalogEntry> LumaSchemaEntry::CreatePragmaFunction(
    duckdb::CatalogTransaction, duckdb::CreatePragmaFunctionInfo&) {
  ThrowCannotCreate("pragma functions");
}

duckdb::optional_ptr<duckdb::CatalogEntry> LumaSchemaEntry::CreateCollation(
    duckdb::CatalogTransaction, duckdb::CreateCollationInfo&) {
  ThrowCannotCreate("collations");
}

duckdb::optional_ptr<duckdb::CatalogEntry> LumaSchemaEntry::LookupEntry(
    duckdb::CatalogTransaction catalog_transaction, const duckdb::EntryLookupInfo& lookup) {
  const auto space = NameSpaceOfType(lookup.GetCatalogType());
  if (!space) return nullptr;
  auto& transaction = LumaTransaction::Get(catalog_transaction);
  auto object = transaction.Find(ObjectIdOf(*this), *space, lookup.GetEntryName());
  if (!object && space == NameSpace::kRelation) {
    object = FindMadeUpView(luma_catalog(), transaction, ObjectIdOf(*this), lookup.GetEntryName());
  }
  if (!object || !Satisfies(lookup.GetCatalogType(), object->kind)) return nullptr;
  return luma_catalog().EntryOf(transaction, object);
}

void LumaSchemaEntry::Scan(duckdb::ClientContext& context, CatalogType type,
                           const std::function<void(duckdb::CatalogEntry&)>& callback) {
  auto& transaction = LumaTransaction::Get(context, catalog);
  for (const ObjectKind kind : KindsListedAs(type)) {
    for (const auto& object : transaction.List(ObjectIdOf(*this), kind)) {
      callback(*luma_catalog().EntryOf(transaction, object));
    }
  }
  const bool lists_views = type == CatalogType::TABLE_ENTRY || type == CatalogType::VIEW_ENTRY;
  if (!lists_views) return;
  for (const auto& object : ListMadeUpViews(luma_catalog(), transaction, ObjectIdOf(*this))) {
    callback(*luma_catalog().EntryOf(transaction, object));
  }
}

void LumaSchemaEntry::DropEntry(duckdb::ClientContext& context, duckdb::DropInfo& info) {
  auto& transaction = LumaTransaction::Get(context, catalog);
  const auto space = NameSpaceOfType(info.type);
  if (!space) throw duckdb::NotImplementedException("this kind of object cannot be dropped");
  const auto object = transaction.Find(ObjectIdOf(*this), *space, info.name);
  if (!object) throw duckdb::CatalogException::MissingEntry(info.type, info.name, "");
  const CatalogType found = EntryTypeOf(object->kind);
  if (found != info.type) {
    throw duckdb::CatalogException("Existing object %s is of type %s, trying to drop type %s",
                                   info.name, duckdb::CatalogTypeToString(found),
                                   duckdb::CatalogTypeToString(info.type));
  }
  DropObject(transaction, *object, info.cascade);
}

void LumaSchemaEntry::Alter(duckdb::CatalogTransaction transaction, duckdb::AlterInfo& info) {
  auto& luma_transaction = LumaTransaction::Get(transaction);
  const auto space = NameSpaceOfType(info.GetCatalogType());
  const auto object = space ? luma_transaction.Find(ObjectIdOf(*this), *space, info.name) : nullptr;
  if (object) return AlterObject(transaction.GetContext(), luma_catalog(), *object, info);
  if (info.if_not_found == duckdb::OnEntryNotFound::RETURN_NULL) return;
  throw duckdb::CatalogException::MissingEntry(info.GetCatalogType(), info.name, "");
}

}  // namespace luma::sql
