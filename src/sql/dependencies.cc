#include "sql/dependencies.h"

#include <algorithm>
#include <optional>

namespace luma::sql {
namespace {

using duckdb::CatalogType;
using storage::NameSpace;

std::optional<NameSpace> NameSpaceOfDependency(CatalogType type) {
  switch (type) {
    case CatalogType::TABLE_ENTRY:
    case CatalogType::VIEW_ENTRY:
    case CatalogType::SEQUENCE_ENTRY:
      return NameSpace::kRelation;
    case CatalogType::MACRO_ENTRY:
    case CatalogType::TABLE_MACRO_ENTRY:
      return NameSpace::kMacro;
    case CatalogType::TYPE_ENTRY:
      return NameSpace::kType;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::vector<ObjectId> ObjectIdsOf(LumaTransaction& transaction,
                                  const duckdb::LogicalDependencyList& dependencies) {
  std::vector<ObjectId> ids;
  for (const auto& dependency : dependencies.Set()) {
    const auto space = NameSpaceOfDependency(dependency.entry.type);
    if (!space) continue;
    const auto schema =
        transaction.Find(kInvalidObjectId, NameSpace::kSchema, dependency.entry.schema);
    const auto object =
        schema ? transaction.Find(schema->id, *space, dependency.entry.name) : nullptr;
    if (object && !object->is_builtin) ids.push_back(object->id);
  }
  std::ranges::sort(ids);
  return ids;
}

}  // namespace luma::sql
