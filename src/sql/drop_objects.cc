#include "sql/drop_objects.h"

#include <algorithm>

#include "sql/duckdb_boundary.h"

namespace luma::sql {
namespace {

using storage::CatalogObject;
using storage::CatalogObjectPtr;
using storage::ObjectKind;

constexpr ObjectKind kMemberKinds[] = {
    ObjectKind::kTable,       ObjectKind::kView,       ObjectKind::kSequence, ObjectKind::kType,
    ObjectKind::kScalarMacro, ObjectKind::kTableMacro, ObjectKind::kIndex};

std::string_view KindText(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kSchema:
      return "schema";
    case ObjectKind::kTable:
      return "table";
    case ObjectKind::kView:
      return "view";
    case ObjectKind::kSequence:
      return "sequence";
    case ObjectKind::kType:
      return "type";
    case ObjectKind::kScalarMacro:
    case ObjectKind::kTableMacro:
      return "function";
    case ObjectKind::kIndex:
      return "index";
  }
  return "object";
}

Status DependencyError(const CatalogObject& object, const CatalogObject& dependent) {
  return Status::Dependency("cannot drop ", KindText(object.kind), " ", object.name,
                            " because other objects depend on it: ", KindText(dependent.kind), " ",
                            dependent.name)
      .WithHint("Use DROP ... CASCADE to drop the dependent objects too.");
}

std::vector<CatalogObjectPtr> MembersOf(LumaTransaction& transaction, ObjectId schema) {
  std::vector<CatalogObjectPtr> members;
  for (const ObjectKind kind : kMemberKinds) {
    for (const auto& member : transaction.List(schema, kind)) members.push_back(member);
  }
  return members;
}

bool Calls(const std::string& default_sql, const CatalogObject& sequence) {
  return default_sql.find("nextval") != std::string::npos &&
         default_sql.find(sequence.name) != std::string::npos;
}

void RemoveDefaults(LumaTransaction& transaction, const CatalogObject& table,
                    const CatalogObject& sequence) {
  CatalogObject changed = table;
  auto schema = std::make_shared<TableSchema>(*table.table);
  for (ColumnSchema& column : schema->columns) {
    if (Calls(column.default_sql, sequence)) column.default_sql.clear();
  }
  changed.table = std::move(schema);
  std::erase(changed.depends_on, sequence.id);
  transaction.Alter(std::move(changed));
}

void RemoveForeignKeys(LumaTransaction& transaction, const CatalogObject& table,
                       const CatalogObject& referenced) {
  CatalogObject changed = table;
  auto schema = std::make_shared<TableSchema>(*table.table);
  std::erase_if(schema->foreign_keys, [&](const ForeignKeyConstraint& foreign_key) {
    return foreign_key.referenced_table == referenced.id;
  });
  changed.table = std::move(schema);
  std::erase(changed.depends_on, referenced.id);
  transaction.Alter(std::move(changed));
}

bool IsPartOf(const CatalogObject& dependent, const CatalogObject& object) {
  return dependent.kind == ObjectKind::kIndex && dependent.table_id == object.id;
}

void DropDependent(LumaTransaction& transaction, const CatalogObject& object,
                   const CatalogObject& dependent) {
  if (dependent.kind == ObjectKind::kTable && object.kind == ObjectKind::kSequence) {
    return RemoveDefaults(transaction, dependent, object);
  }
  if (dependent.kind == ObjectKind::kTable && object.kind == ObjectKind::kType) {
    ThrowStatus(Status::Unsupported("cannot drop a type that columns use: type=", object.name,
                                    " table=", dependent.name)
                    .WithHint("Change the type of the columns first."));
  }
  if (dependent.kind == ObjectKind::kTable && object.kind == ObjectKind::kTable) {
    return RemoveForeignKeys(transaction, dependent, object);
  }
  DropObject(transaction, dependent, /*cascade=*/true);
}

void DropDependents(LumaTransaction& transaction, const CatalogObject& object, bool cascade) {
  for (const auto& dependent : transaction.Dependents(object.id)) {
    // An earlier round of this loop may have dropped it, or its need of `object`.
    const auto current = transaction.Find(dependent->id);
    if (!current ||
        std::ranges::find(current->depends_on, object.id) == current->depends_on.end()) {
      continue;
    }
    if (!cascade && !IsPartOf(*current, object)) ThrowStatus(DependencyError(object, *current));
    DropDependent(transaction, object, *current);
  }
}

void DropMembers(LumaTransaction& transaction, const CatalogObject& schema, bool cascade) {
  for (const auto& member : MembersOf(transaction, schema.id)) {
    if (!cascade) ThrowStatus(DependencyError(schema, *member));
    const auto current = transaction.Find(member->id);
    if (current) DropObject(transaction, *current, cascade);
  }
}

void DropOwnedSequences(LumaTransaction& transaction, const CatalogObject& table) {
  for (const auto& sequence : transaction.List(table.schema_id, ObjectKind::kSequence)) {
    if (sequence->table_id == table.id) DropObject(transaction, *sequence, /*cascade=*/true);
  }
}

// A unique index is a constraint of the same name (create_index.cc).
void DropConstraintOfIndex(LumaTransaction& transaction, const CatalogObject& index) {
  const auto table = transaction.Find(index.table_id);
  if (!table) return;
  auto schema = std::make_shared<TableSchema>(*table->table);
  const auto removed = std::erase_if(
      schema->uniques, [&](const UniqueConstraint& unique) { return unique.name == index.name; });
  if (removed == 0) return;
  CatalogObject changed = *table;
  changed.table = std::move(schema);
  transaction.Alter(std::move(changed));
}

}  // namespace

void DropObject(LumaTransaction& transaction, const CatalogObject& object, bool cascade) {
  // Every database has its schemas. "public" alone may be emptied, by dropping it.
  const bool stays = object.kind == ObjectKind::kSchema && object.is_builtin;
  if (stays && object.id != storage::kPublicSchemaId) {
    ThrowStatus(Status::PermissionDenied("permission denied for schema ", object.name));
  }
  if (object.kind == ObjectKind::kSchema) DropMembers(transaction, object, cascade);
  DropDependents(transaction, object, cascade);
  if (stays) return;
  transaction.Drop(object.id);
  if (object.kind == ObjectKind::kIndex) DropConstraintOfIndex(transaction, object);
  if (object.kind == ObjectKind::kTable) DropOwnedSequences(transaction, object);
}

bool IsEmptySchema(LumaTransaction& transaction, ObjectId schema) {
  return MembersOf(transaction, schema).empty();
}

}  // namespace luma::sql
