#include "sql/table_rewrite.h"

#include "sql/block_reader.h"
#include "sql/check_constraints.h"
#include "sql/column_vectors.h"
#include "sql/data_change_operator.h"

namespace luma::sql {
namespace {

using duckdb::DataChunk;

class Rewriter {
 public:
  Rewriter(duckdb::ClientContext& context, LumaTransaction& transaction,
           const LumaTableEntry& old_entry, const LumaTableEntry& new_entry,
           const std::vector<RewrittenColumn>& columns)
      : transaction_(transaction),
        old_entry_(old_entry),
        columns_(columns),
        executor_(context),
        constraints_(duckdb::Binder::CreateBinder(context)->BindConstraints(new_entry)),
        checks_(context, new_entry, constraints_) {
    old_rows_.Initialize(context, StoredTypes(old_entry));
    duckdb::vector<duckdb::LogicalType> types;
    for (const RewrittenColumn& column : columns) {
      types.push_back(column.type);
      if (column.expression) executor_.AddExpression(*column.expression);
    }
    new_rows_.Initialize(context, types);
  }

  void RewriteBlock(const storage::RunView& run, uint32_t block) {
    BlockReader reader(run, block);
    for (uint32_t offset = 0; offset < reader.row_count(); offset += BlockReader::kVectorRows) {
      if (ReadRows(reader, offset)) AppendRewritten();
    }
  }

 private:
  bool ReadRows(BlockReader& reader, uint32_t offset) {
    const uint32_t count = std::min(BlockReader::kVectorRows, reader.row_count() - offset);
    duckdb::SelectionVector live;
    const uint32_t live_count = reader.SelectLive(offset, count, live);
    if (live_count == 0) return false;
    old_rows_.Reset();
    for (duckdb::idx_t i = 0; i < old_rows_.ColumnCount(); ++i) {
      reader.ReadColumn(old_entry_.StoredColumn(i), i, offset, count, old_rows_.data[i]);
    }
    old_rows_.SetCardinality(live_count);
    if (live_count < count) old_rows_.Slice(live, live_count);
    return true;
  }

  void AppendRewritten() {
    new_rows_.Reset();
    executor_.SetChunk(old_rows_);
    duckdb::idx_t expression = 0;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].expression) {
        executor_.ExecuteExpression(expression++, new_rows_.data[i]);
      } else {
        new_rows_.data[i].Reference(old_rows_.data[columns_[i].old_index]);
      }
    }
    new_rows_.SetCardinality(old_rows_.size());
    checks_.Verify(new_rows_);
    const ChunkSpans rows(new_rows_);
    transaction_.Append(old_entry_.id(), rows.spans());
  }

  LumaTransaction& transaction_;
  const LumaTableEntry& old_entry_;
  const std::vector<RewrittenColumn>& columns_;
  duckdb::ExpressionExecutor executor_;
  const BoundConstraints constraints_;
  CheckConstraints checks_;
  DataChunk old_rows_;
  DataChunk new_rows_;
};

}  // namespace

void RewriteTable(duckdb::ClientContext& context, LumaCatalog& catalog,
                  const storage::CatalogObjectPtr& old_version, storage::CatalogObject new_version,
                  const std::vector<RewrittenColumn>& columns) {
  auto& transaction = LumaTransaction::Get(context, catalog);
  const ObjectId table = old_version->id;
  const auto& old_entry = catalog.EntryOf(transaction, old_version)->Cast<LumaTableEntry>();
  const storage::TableSnapshotPtr rows = transaction.Read(table);
  transaction.Truncate(table);
  transaction.Alter(std::move(new_version));
  const auto& new_entry =
      catalog.EntryOf(transaction, transaction.Find(table))->Cast<LumaTableEntry>();
  Rewriter rewriter(context, transaction, old_entry, new_entry, columns);
  for (const auto& run : rows->runs()) {
    for (uint32_t block = 0; block < run->block_count(); ++block) {
      rewriter.RewriteBlock(*run, block);
    }
  }
}

}  // namespace luma::sql
