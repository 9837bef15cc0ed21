#include "storage/catalog_state.h"

#include <utility>

#include "storage/table_policy_options.h"

namespace luma::storage {
namespace {

std::string LowerCase(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

CatalogObjectPtr BuiltinSchema(ObjectId id, std::string name) {
  CatalogObject schema;
  schema.id = id;
  schema.kind = ObjectKind::kSchema;
  schema.name = std::move(name);
  schema.is_builtin = true;
  return std::make_shared<const CatalogObject>(std::move(schema));
}

ColumnSchema BuiltinColumn(uint32_t id, std::string name, PhysicalType type, std::string sql_type) {
  ColumnSchema column;
  column.id = ColumnId{id};
  column.name = std::move(name);
  column.physical_type = type;
  column.logical_type = std::move(sql_type);
  column.not_null = true;
  return column;
}

CatalogObjectPtr BuiltinTable(ObjectId id, std::string name, std::vector<ColumnSchema> columns,
                              std::vector<ColumnId> sort_key) {
  TableSchema table;
  table.next_column_id = static_cast<uint32_t>(columns.size()) + 1;
  table.columns = std::move(columns);
  table.sort_key = std::move(sort_key);
  CatalogObject object;
  object.id = id;
  object.schema_id = kLumaSchemaId;
  object.kind = ObjectKind::kTable;
  object.name = std::move(name);
  object.table = std::make_shared<const TableSchema>(std::move(table));
  object.is_builtin = true;
  return std::make_shared<const CatalogObject>(std::move(object));
}

// Columns and their order are those of docs/formats/metrics_tables.md.
CatalogObjectPtr SeriesTable() {
  return BuiltinTable(kSeriesTableId, "series",
                      {BuiltinColumn(1, "series_id", PhysicalType::kUInt64, "UBIGINT"),
                       BuiltinColumn(2, "metric", PhysicalType::kBytes, "VARCHAR"),
                       BuiltinColumn(3, "labels", PhysicalType::kBytes, "BLOB")},
                      {ColumnId{1}});
}
CatalogObjectPtr SamplesTable() {
  return BuiltinTable(kSamplesTableId, "samples",
                      {BuiltinColumn(1, "series_id", PhysicalType::kUInt64, "UBIGINT"),
                       BuiltinColumn(2, "ts", PhysicalType::kInt64, "TIMESTAMP_MS"),
                       BuiltinColumn(3, "value", PhysicalType::kFloat64, "DOUBLE")},
                      {ColumnId{1}, ColumnId{2}});
}
CatalogObjectPtr RollupsTable() {
  return BuiltinTable(kRollupsTableId, "rollups",
                      {BuiltinColumn(1, "series_id", PhysicalType::kUInt64, "UBIGINT"),
                       BuiltinColumn(2, "ts", PhysicalType::kInt64, "TIMESTAMP_MS"),
                       BuiltinColumn(3, "resolution_ms", PhysicalType::kInt64, "BIGINT"),
                       BuiltinColumn(4, "count", PhysicalType::kInt64, "BIGINT"),
                       BuiltinColumn(5, "sum", PhysicalType::kFloat64, "DOUBLE"),
                       BuiltinColumn(6, "min", PhysicalType::kFloat64, "DOUBLE"),
                       BuiltinColumn(7, "max", PhysicalType::kFloat64, "DOUBLE"),
                       BuiltinColumn(8, "first", PhysicalType::kFloat64, "DOUBLE"),
                       BuiltinColumn(9, "last", PhysicalType::kFloat64, "DOUBLE"),
                       BuiltinColumn(10, "first_ts", PhysicalType::kInt64, "TIMESTAMP_MS"),
                       BuiltinColumn(11, "last_ts", PhysicalType::kInt64, "TIMESTAMP_MS"),
                       BuiltinColumn(12, "stale_ts", PhysicalType::kInt64, "TIMESTAMP_MS"),
                       BuiltinColumn(13, "reset_sum", PhysicalType::kFloat64, "DOUBLE"),
                       BuiltinColumn(14, "changes", PhysicalType::kInt64, "BIGINT"),
                       BuiltinColumn(15, "resets", PhysicalType::kInt64, "BIGINT")},
                      {ColumnId{1}, ColumnId{2}});
}
CatalogObjectPtr HistogramsTable() {
  return BuiltinTable(kHistogramsTableId, "histograms",
                      {BuiltinColumn(1, "series_id", PhysicalType::kUInt64, "UBIGINT"),
                       BuiltinColumn(2, "ts", PhysicalType::kInt64, "TIMESTAMP_MS"),
                       BuiltinColumn(3, "histogram", PhysicalType::kBytes, "BLOB")},
                      {ColumnId{1}, ColumnId{2}});
}
CatalogObjectPtr ExemplarsTable() {
  return BuiltinTable(kExemplarsTableId, "exemplars",
                      {BuiltinColumn(1, "series_id", PhysicalType::kUInt64, "UBIGINT"),
                       BuiltinColumn(2, "ts", PhysicalType::kInt64, "TIMESTAMP_MS"),
                       BuiltinColumn(3, "value", PhysicalType::kFloat64, "DOUBLE"),
                       BuiltinColumn(4, "labels", PhysicalType::kBytes, "BLOB")},
                      {ColumnId{1}, ColumnId{2}});
}
CatalogObjectPtr StartTimesTable() {
  return BuiltinTable(kStartTimesTableId, "start_times",
                      {BuiltinColumn(1, "series_id", PhysicalType::kUInt64, "UBIGINT"),
                       BuiltinColumn(2, "ts", PhysicalType::kInt64, "TIMESTAMP_MS"),
                       BuiltinColumn(3, "start_ts", PhysicalType::kInt64, "TIMESTAMP_MS")},
                      {ColumnId{1}, ColumnId{2}});
}

// `after` null: dropped. Of a built-in object only the options of a table change.
Status CheckMayChange(const CatalogObject& before, const CatalogObject* after) {
  if (!before.is_builtin) return Status::Ok();
  if (after != nullptr && DifferOnlyInOptions(before, *after)) return Status::Ok();
  return Status::PermissionDenied("object is built in: name=", before.name);
}

// `object` as it stands in a catalog in the place of `before`, if there is one. Bytes do not say
// what is built in.
CatalogObjectPtr Successor(const CatalogObject* before, CatalogObject object) {
  object.is_builtin = object.is_builtin || (before != nullptr && before->is_builtin);
  return std::make_shared<const CatalogObject>(std::move(object));
}

}  // namespace

const CatalogStatePtr& CatalogState::Builtin() {
  static const auto* const builtin = [] {
    CatalogState state;
    state.Insert(BuiltinSchema(kPublicSchemaId, "public"));
    state.Insert(BuiltinSchema(kMetricsSchemaId, "metrics"));
    state.Insert(BuiltinSchema(kLumaSchemaId, "luma"));
    state.Insert(BuiltinSchema(kStoreSchemaId, "luma_storage"));
    state.Insert(SeriesTable());
    state.Insert(SamplesTable());
    state.Insert(RollupsTable());
    state.Insert(HistogramsTable());
    state.Insert(ExemplarsTable());
    state.Insert(StartTimesTable());
    return new CatalogStatePtr(std::make_shared<const CatalogState>(std::move(state)));
  }();
  return *builtin;
}

Result<CatalogStatePtr> CatalogState::Restore(std::span<const CatalogObjectPtr> objects) {
  CatalogState state = *Builtin();
  for (const CatalogObjectPtr& object : objects) {
    const CatalogObjectPtr builtin = Builtin()->Find(object->id);
    const bool is_in_way = builtin != nullptr ? !DifferOnlyInOptions(*builtin, *object)
                                              : state.Find(object->id) != nullptr;
    if (object->is_builtin || is_in_way || !state.CheckNameFree(*object).ok()) {
      return Status::Corruption("catalog object stands in the way of another: id=",
                                static_cast<uint32_t>(object->id), " name=", object->name);
    }
    state.Insert(builtin == nullptr ? object : Successor(builtin.get(), *object));
  }
  for (const CatalogObjectPtr& object : objects) {
    const Status needs = state.CheckNeeds(*object);
    if (!needs.ok()) return Status::Corruption("incomplete catalog: ", needs.message());
  }
  return std::make_shared<const CatalogState>(std::move(state));
}

Result<CatalogStatePtr> CatalogState::Apply(std::span<const CatalogChange> changes,
                                            CommitNumber commit) const {
  std::vector<CatalogChange> stamped(changes.begin(), changes.end());
  for (CatalogChange& change : stamped) {
    if (change.put == nullptr) continue;
    CatalogObject object = *change.put;
    object.modified = commit;
    change.put = Successor(Find(change.id).get(), std::move(object));
  }
  CatalogState next = *this;
  LUMA_RETURN_IF_ERROR(next.Replace(stamped));
  for (const CatalogChange& change : stamped) {
    LUMA_RETURN_IF_ERROR(change.put != nullptr ? next.CheckNeeds(*change.put)
                                               : next.CheckUnused(change.id));
  }
  return std::make_shared<const CatalogState>(std::move(next));
}

CatalogObjectPtr CatalogState::Find(ObjectId id) const {
  const CatalogObjectPtr* const found = objects_.Find(id);
  return found == nullptr ? nullptr : *found;
}

CatalogObjectPtr CatalogState::Find(ObjectId schema, NameSpace space, std::string_view name) const {
  const CatalogObjectPtr* const found = names_.Find(NameKey(schema, space, LowerCase(name)));
  return found == nullptr ? nullptr : *found;
}

void CatalogState::ForEach(ObjectId schema, ObjectKind kind,
                           const std::function<void(const CatalogObjectPtr&)>& visit) const {
  const MemberKey first(schema, kind, ObjectId{0});
  members_.VisitFrom(first, [&](const MemberKey& key, const CatalogObjectPtr& object) {
    if (std::get<0>(key) != schema || std::get<1>(key) != kind) return false;
    visit(object);
    return true;
  });
}

void CatalogState::ForEach(const std::function<void(const CatalogObjectPtr&)>& visit) const {
  objects_.VisitAll([&](ObjectId, const CatalogObjectPtr& object) {
    visit(object);
    return true;
  });
}

std::vector<CatalogObjectPtr> CatalogState::Dependents(ObjectId id) const {
  std::vector<CatalogObjectPtr> found;
  dependents_.VisitFrom(DependencyKey(id, ObjectId{0}),
                        [&](const DependencyKey& key, const CatalogObjectPtr& object) {
                          if (key.first != id) return false;
                          found.push_back(object);
                          return true;
                        });
  return found;
}

void CatalogState::Insert(const CatalogObjectPtr& object) {
  objects_.Set(object->id, object);
  names_.Set(NameKey(object->schema_id, NameSpaceOf(object->kind), LowerCase(object->name)),
             object);
  members_.Set(MemberKey(object->schema_id, object->kind, object->id), object);
  for (const ObjectId needed : object->depends_on) {
    dependents_.Set(DependencyKey(needed, object->id), object);
  }
}

void CatalogState::Erase(const CatalogObject& object) {
  for (const ObjectId needed : object.depends_on) {
    dependents_.Erase(DependencyKey(needed, object.id));
  }
  members_.Erase(MemberKey(object.schema_id, object.kind, object.id));
  names_.Erase(NameKey(object.schema_id, NameSpaceOf(object.kind), LowerCase(object.name)));
  objects_.Erase(object.id);
}

Status CatalogState::Replace(std::span<const CatalogChange> changes) {
  for (const CatalogChange& change : changes) {
    const CatalogObjectPtr old = Find(change.id);
    if (old != nullptr) {
      LUMA_RETURN_IF_ERROR(CheckMayChange(*old, change.put.get()));
      Erase(*old);
    } else if (change.put == nullptr) {
      return Status::NotFound("no such object: id=", static_cast<uint32_t>(change.id));
    }
    if (change.put != nullptr && change.put->is_builtin && (old == nullptr || !old->is_builtin)) {
      return Status::PermissionDenied("object is not built in: name=", change.put->name);
    }
  }
  for (const CatalogChange& change : changes) {
    if (change.put == nullptr) continue;
    LUMA_RETURN_IF_ERROR(CheckNameFree(*change.put));
    Insert(change.put);
  }
  return Status::Ok();
}

Status CatalogState::CheckNameFree(const CatalogObject& object) const {
  const CatalogObjectPtr other = Find(object.schema_id, NameSpaceOf(object.kind), object.name);
  if (other == nullptr || other->id == object.id) return Status::Ok();
  return Status::AlreadyExists("name is taken: name=", object.name);
}

Status CatalogState::CheckNeeds(const CatalogObject& object) const {
  const auto check = [&](std::string_view what, ObjectId id) {
    if (objects_.Find(id) != nullptr) return Status::Ok();
    return Status::NotFound(what, " does not exist: name=", object.name,
                            " id=", static_cast<uint32_t>(id));
  };
  if (object.kind != ObjectKind::kSchema) {
    LUMA_RETURN_IF_ERROR(check("schema of an object", object.schema_id));
  }
  if (object.kind == ObjectKind::kIndex) {
    LUMA_RETURN_IF_ERROR(check("table of an index", object.table_id));
  }
  for (const ObjectId needed : object.depends_on) {
    LUMA_RETURN_IF_ERROR(check("dependency of an object", needed));
  }
  return Status::Ok();
}

Status CatalogState::CheckUnused(ObjectId dropped) const {
  bool used = !Dependents(dropped).empty();
  members_.VisitFrom(MemberKey(dropped, ObjectKind{0}, ObjectId{0}),
                     [&](const MemberKey& key, const CatalogObjectPtr&) {
                       used = used || std::get<0>(key) == dropped;
                       return false;
                     });
  if (!used) return Status::Ok();
  return Status::Dependency("other objects depend on a dropped object: id=",
                            static_cast<uint32_t>(dropped));
}

Status CatalogOverlay::Put(CatalogObject object) {
  LUMA_RETURN_IF_ERROR(current_.CheckNeeds(object));
  const CatalogObjectPtr old = current_.Find(object.id);
  object.modified = old == nullptr ? CommitNumber{0} : old->modified;
  return Change(CatalogChange::Put(Successor(old.get(), std::move(object))));
}

Status CatalogOverlay::Drop(ObjectId id) { return Change(CatalogChange::Drop(id)); }

Status CatalogOverlay::Change(const CatalogChange& change) {
  CatalogState next = current_;
  LUMA_RETURN_IF_ERROR(next.Replace({&change, 1}));
  current_ = std::move(next);
  if (change.put == nullptr && base_->Find(change.id) == nullptr) {
    changes_.erase(change.id);
  } else {
    changes_[change.id] = change;
  }
  return Status::Ok();
}

std::vector<CatalogChange> CatalogOverlay::Changes() const {
  std::vector<CatalogChange> changes;
  changes.reserve(changes_.size());
  for (const auto& [id, change] : changes_) changes.push_back(change);
  return changes;
}

}  // namespace luma::storage
