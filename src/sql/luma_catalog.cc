#include "sql/luma_catalog.h"

#include "sql/drop_objects.h"
#include "sql/duckdb_boundary.h"
#include "sql/entry_factory.h"
#include "sql/luma_schema_entry.h"

namespace luma::sql {
namespace {

using storage::CatalogObject;
using storage::CatalogObjectPtr;
using storage::NameSpace;
using storage::ObjectKind;

constexpr const char* kDuckDbSchemaName = "main";

std::string EngineSchemaName(const std::string& name) {
  return duckdb::StringUtil::CIEquals(name, kDuckDbSchemaName) ? kDefaultSchemaName : name;
}

// Whether the entry shows names of other objects, which may change while this one does not.
bool NamesOtherObjects(const CatalogObject& object) {
  return object.kind == ObjectKind::kIndex || (object.table && !object.table->foreign_keys.empty());
}

CatalogObjectPtr FindSchema(LumaTransaction& transaction, const std::string& name) {
  return transaction.Find(kInvalidObjectId, NameSpace::kSchema, EngineSchemaName(name));
}

}  // namespace

LumaCatalog::LumaCatalog(duckdb::AttachedDatabase& attached, storage::MultiTierStorage& engine,
                         MetricsAccess metrics)
    : Catalog(attached), engine_(engine), metrics_access_(metrics) {}

LumaCatalog::~LumaCatalog() = default;

std::shared_ptr<duckdb::CatalogEntry> LumaCatalog::FindCached(const CatalogObject* object) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(object);
  return found == entries_.end() ? nullptr : found->second.entry;
}

void LumaCatalog::Remember(const CatalogObjectPtr& object,
                           const std::shared_ptr<duckdb::CatalogEntry>& entry) {
  MutexLock lock(mutex_);
  if (entries_.size() >= kCachedEntriesMax) entries_.clear();  // transactions hold what they use
  entries_.try_emplace(object.get(), CachedEntry{object, entry});
}

duckdb::optional_ptr<duckdb::CatalogEntry> LumaCatalog::EntryOf(LumaTransaction& transaction,
                                                                const CatalogObjectPtr& object) {
  if (object->kind == ObjectKind::kSchema) return &SchemaOf(*object);
  if (const auto known = transaction.FindEntry(object)) return known;
  auto entry = FindCached(object.get());
  if (!entry) {
    const CatalogObjectPtr schema = transaction.Find(object->schema_id);
    entry = MakeEntry(*this, SchemaOf(*schema), transaction, *object);
    if (!NamesOtherObjects(*object)) Remember(object, entry);
  }
  transaction.KeepEntry(object, entry);
  return entry.get();
}

LumaSchemaEntry& LumaCatalog::SchemaOf(const CatalogObject& schema) {
  MutexLock lock(mutex_);
  auto& entry = schemas_[schema.id];
  if (!entry) {
    duckdb::CreateSchemaInfo info;
    info.catalog = GetName();
    info.schema = schema.name;
    entry = std::make_unique<LumaSchemaEntry>(*this, info, schema.id);
  }
  return *entry;
}

duckdb::DatabaseSize LumaCatalog::GetDatabaseSize(duckdb::ClientContext&) {
  const storage::EngineStats stats = engine_.Stats();
  duckdb::DatabaseSize size;
  size.block_size = 1;
  size.used_blocks = stats.warm_bytes;
  size.total_blocks = stats.warm_bytes;
  size.free_blocks = 0;
  size.bytes = stats.warm_bytes;
  size.wal_size = stats.wal_bytes;
  return size;
}

duckdb::optional_ptr<duckdb::SchemaCatalogEntry> LumaCatalog::LookupSchema(
    duckdb::CatalogTransaction transaction, const duckdb::EntryLookupInfo& schema_lookup,
    duckdb::OnEntryNotFound if_not_found) {
  const auto schema = FindSchema(LumaTransaction::Get(transaction), schema_lookup.GetEntryName());
  if (schema) return &SchemaOf(*schema);
  if (if_not_found == duckdb::OnEntryNotFound::RETURN_NULL) return nullptr;
  throw duckdb::CatalogException::MissingEntry(schema_lookup, "");
}

void LumaCatalog::ScanSchemas(duckdb::ClientContext& context,
                              std::function<void(duckdb::SchemaCatalogEntry&)> callback) {
  auto& transaction = LumaTransaction::Get(context, *this);
  for (const auto& schema : transaction.List(kInvalidObjectId, ObjectKind::kSchema)) {
    callback(SchemaOf(*schema));
  }
}

duckdb::optional_ptr<duckdb::CatalogEntry> LumaCatalog::CreateSchema(
    duckdb::CatalogTransaction catalog_transaction, duckdb::CreateSchemaInfo& info) {
  auto& transaction = LumaTransaction::Get(catalog_transaction);
  if (const auto existing = FindSchema(transaction, info.schema)) {
    // DROP SCHEMA public CASCADE leaves it there but empty, so that CREATE SCHEMA public may
    // follow.
    if (existing->id == storage::kPublicSchemaId && IsEmptySchema(transaction, existing->id)) {
      return nullptr;
    }
    if (info.on_conflict == duckdb::OnCreateConflict::IGNORE_ON_CONFLICT) return nullptr;
    throw duckdb::CatalogException::EntryAlreadyExists(duckdb::CatalogType::SCHEMA_ENTRY,
                                                       info.schema);
  }
  CatalogObject schema;
  schema.kind = ObjectKind::kSchema;
  schema.name = info.schema;
  const ObjectId id = transaction.Create(std::move(schema));
  return &SchemaOf(*transaction.Find(id));
}

void LumaCatalog::DropSchema(duckdb::ClientContext& context, duckdb::DropInfo& info) {
  auto& transaction = LumaTransaction::Get(context, *this);
  const auto schema = FindSchema(transaction, info.name);
  if (schema) return DropObject(transaction, *schema, info.cascade);
  if (info.if_not_found == duckdb::OnEntryNotFound::RETURN_NULL) return;
  throw duckdb::CatalogException::MissingEntry(duckdb::CatalogType::SCHEMA_ENTRY, info.name, "");
}

}  // namespace luma::sql
