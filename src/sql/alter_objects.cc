#include "sql/alter_objects.h"

#include "sql/alter_table.h"
#include "sql/duckdb_boundary.h"

namespace luma::sql {
namespace {

using duckdb::AlterType;
using storage::CatalogObject;
using storage::ObjectKind;

void RenameView(LumaTransaction& transaction, const CatalogObject& view,
                const duckdb::AlterInfo& info) {
  const auto& alter = info.Cast<duckdb::AlterViewInfo>();
  if (alter.alter_view_type != duckdb::AlterViewType::RENAME_VIEW) {
    throw duckdb::NotImplementedException("this ALTER VIEW is not supported");
  }
  CatalogObject renamed = view;
  renamed.name = alter.Cast<duckdb::RenameViewInfo>().new_view_name;
  transaction.Alter(std::move(renamed));
}

void SetComment(LumaTransaction& transaction, const CatalogObject& object,
                const duckdb::Value& comment) {
  CatalogObject commented = object;
  commented.comment = comment.IsNull() ? "" : comment.ToString();
  transaction.Alter(std::move(commented));
}

void ChangeOwner(LumaTransaction& transaction, const CatalogObject& object,
                 const duckdb::ChangeOwnershipInfo& info) {
  if (object.kind != ObjectKind::kSequence) {
    throw duckdb::NotImplementedException("only sequences can be owned");
  }
  const auto owner =
      transaction.Find(object.schema_id, storage::NameSpace::kRelation, info.owner_name);
  if (!owner) {
    throw duckdb::CatalogException::MissingEntry(duckdb::CatalogType::TABLE_ENTRY, info.owner_name,
                                                 "");
  }
  CatalogObject owned = object;
  owned.table_id = owner->id;
  transaction.Alter(std::move(owned));
}

}  // namespace

void AlterObject(duckdb::ClientContext& context, LumaCatalog& catalog, const CatalogObject& object,
                 duckdb::AlterInfo& info) {
  auto& transaction = LumaTransaction::Get(context, catalog);
  switch (info.type) {
    case AlterType::ALTER_TABLE:
    case AlterType::SET_COLUMN_COMMENT:
      return AlterTable(context, catalog, object, info);
    case AlterType::ALTER_VIEW:
      return RenameView(transaction, object, info);
    case AlterType::SET_COMMENT:
      return SetComment(transaction, object, info.Cast<duckdb::SetCommentInfo>().comment_value);
    case AlterType::CHANGE_OWNERSHIP:
      return ChangeOwner(transaction, object, info.Cast<duckdb::ChangeOwnershipInfo>());
    default:
      throw duckdb::NotImplementedException("this ALTER is not supported");
  }
}

}  // namespace luma::sql
