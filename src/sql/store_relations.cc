#include "sql/store_relations.h"

#include <algorithm>
#include <string>

#include "sql/luma_catalog.h"
#include "sql/store_rows.h"

namespace luma::sql {
namespace {

using duckdb::ClientContext;
using storage::CatalogObject;
using storage::CatalogObjectPtr;

constexpr uint32_t kFirstViewId = 300;  // below kFirstUserObjectId, above the built-in tables

std::string FunctionName(const StoreRelation& relation) {
  return std::string("luma_storage_") + relation.name;
}

std::vector<CatalogObjectPtr> MakeViews() {
  std::vector<CatalogObjectPtr> views;
  for (const StoreRelation& relation : AllStoreRelations()) {
    CatalogObject view;
    view.id = ObjectId{kFirstViewId + static_cast<uint32_t>(views.size())};
    view.schema_id = storage::kStoreSchemaId;
    view.kind = storage::ObjectKind::kView;
    view.name = relation.name;
    view.definition =
        std::string(relation.columns) + "\nSELECT * FROM " + FunctionName(relation) + "()";
    views.push_back(std::make_shared<const CatalogObject>(std::move(view)));
  }
  return views;
}

// Which relation a table function reads: known to the function, and to each call of it.
struct RelationInfo final : duckdb::TableFunctionInfo {
  explicit RelationInfo(const StoreRelation& relation_to_read) : relation(relation_to_read) {}
  const StoreRelation& relation;
};
struct RelationBindData final : duckdb::TableFunctionData {
  explicit RelationBindData(const StoreRelation& relation_to_read) : relation(relation_to_read) {}
  duckdb::unique_ptr<duckdb::FunctionData> Copy() const override {
    return duckdb::make_uniq<RelationBindData>(relation);
  }
  bool Equals(const duckdb::FunctionData& other) const override {
    return &other.Cast<RelationBindData>().relation == &relation;
  }
  const StoreRelation& relation;
};
struct RelationState final : duckdb::GlobalTableFunctionState {
  explicit RelationState(std::unique_ptr<StoreRows> rows_to_return)
      : rows(std::move(rows_to_return)) {}
  const std::unique_ptr<StoreRows> rows;
};

duckdb::unique_ptr<duckdb::FunctionData> Bind(ClientContext&, duckdb::TableFunctionBindInput& input,
                                              duckdb::vector<duckdb::LogicalType>& types,
                                              duckdb::vector<duckdb::string>& names) {
  const StoreRelation& relation = input.info->Cast<RelationInfo>().relation;
  const auto columns = duckdb::Parser::ParseColumnList(relation.columns);
  for (const auto& column : columns.Logical()) {
    names.push_back(column.Name());
    types.push_back(column.Type());
  }
  return duckdb::make_uniq<RelationBindData>(relation);
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> Init(ClientContext& context,
                                                          duckdb::TableFunctionInitInput& input) {
  auto& catalog = duckdb::Catalog::GetCatalog(context, kDatabaseName).Cast<LumaCatalog>();
  const StoreRelation& relation = input.bind_data->Cast<RelationBindData>().relation;
  return duckdb::make_uniq<RelationState>(relation.read(catalog.engine()));
}

void Scan(ClientContext& context, duckdb::TableFunctionInput& input, duckdb::DataChunk& output) {
  StoreRows& rows = *input.global_state->Cast<RelationState>().rows;
  duckdb::idx_t count = 0;
  for (; count < STANDARD_VECTOR_SIZE; ++count) {
    if (context.interrupted) throw duckdb::InterruptException();
    const auto row = rows.Next();
    if (!row) break;
    for (size_t i = 0; i < row->size(); ++i) output.SetValue(i, count, (*row)[i]);
  }
  output.SetCardinality(count);
}

}  // namespace

std::span<const CatalogObjectPtr> StoreViews() {
  static const auto* const views = new std::vector<CatalogObjectPtr>(MakeViews());
  return *views;
}

CatalogObjectPtr FindStoreView(ObjectId schema, std::string_view name) {
  if (schema != storage::kStoreSchemaId) return nullptr;
  const auto found = std::ranges::find_if(StoreViews(), [&](const CatalogObjectPtr& view) {
    return duckdb::StringUtil::CIEquals(view->name, std::string(name));
  });
  return found == StoreViews().end() ? nullptr : *found;
}

std::vector<duckdb::TableFunction> StoreFunctions() {
  std::vector<duckdb::TableFunction> functions;
  for (const StoreRelation& relation : AllStoreRelations()) {
    duckdb::TableFunction function(FunctionName(relation), {}, Scan, Bind, Init);
    function.function_info = duckdb::make_shared_ptr<RelationInfo>(relation);
    functions.push_back(std::move(function));
  }
  return functions;
}

}  // namespace luma::sql
