#include "sql/foreign_keys.h"

#include <algorithm>
#include <unordered_set>

#include "sql/column_vectors.h"
#include "sql/duckdb_boundary.h"
#include "sql/table_definition.h"
#include "sql/type_mapping.h"

namespace luma::sql {
namespace {

using duckdb::DataChunk;
using duckdb::idx_t;
using storage::CatalogObject;
using storage::CatalogObjectPtr;
using KeySet = std::unordered_set<std::string>;

// The stored-column number of each column.
std::vector<idx_t> StoredIndexes(const TableSchema& schema, const std::vector<ColumnId>& columns) {
  std::vector<idx_t> indexes;
  for (const ColumnId id : columns) indexes.push_back(StoredIndex(schema, id));
  return indexes;
}

bool HasNull(std::span<const ColumnSpan> key, uint32_t row) {
  return std::ranges::any_of(key, [&](const ColumnSpan& column) { return column.IsNull(row); });
}

// Equal keys have equal bytes: the columns' types are the same on both sides.
std::string KeyBytes(std::span<const ColumnSpan> key, uint32_t row) {
  Bytes bytes;
  ByteWriter writer(bytes);
  for (const ColumnSpan& column : key) {
    if (column.type == PhysicalType::kBytes) {
      writer.LengthPrefixed(column.As<StringRef>()[row].view());
    } else {
      const uint32_t width = ValueBytes(column.type);
      writer.Raw({column.values + row * width, width});
    }
  }
  return std::string(AsText(bytes));
}

// Throws when a live row of the table has one of `keys` in `columns`.
class ReferenceSearch {
 public:
  ReferenceSearch(duckdb::ClientContext& context, const TableSchema& schema,
                  const std::vector<ColumnId>& columns, const KeySet& keys)
      : keys_(keys) {
    duckdb::vector<duckdb::LogicalType> types;
    for (const ColumnId id : columns) {
      columns_.push_back(schema.FindColumn(id));
      types.push_back(TypeFromText(columns_.back()->logical_type));
    }
    chunk_.Initialize(context, types);
  }

  bool FindsAny(const storage::TableSnapshot& table) {
    for (const auto& run : table.runs()) {
      for (uint32_t block = 0; block < run->block_count(); ++block) {
        if (FindsAnyInBlock(*run, block)) return true;
      }
    }
    return false;
  }

 private:
  bool FindsAnyInBlock(const storage::RunView& run, uint32_t block) {
    BlockReader reader(run, block);
    for (uint32_t at = 0; at < reader.row_count(); at += BlockReader::kVectorRows) {
      const uint32_t count = std::min(BlockReader::kVectorRows, reader.row_count() - at);
      duckdb::SelectionVector live;
      const uint32_t live_count = reader.SelectLive(at, count, live);
      chunk_.Reset();
      for (size_t i = 0; i < columns_.size(); ++i) {
        reader.ReadColumn(*columns_[i], i, at, count, chunk_.data[i]);
      }
      chunk_.SetCardinality(live_count);
      if (live_count < count) chunk_.Slice(live, live_count);
      if (FindsAnyInChunk()) return true;
    }
    return false;
  }

  bool FindsAnyInChunk() {
    const ChunkSpans spans(chunk_);
    for (uint32_t row = 0; row < chunk_.size(); ++row) {
      if (!HasNull(spans.spans(), row) && keys_.contains(KeyBytes(spans.spans(), row))) return true;
    }
    return false;
  }

  const KeySet& keys_;
  std::vector<const ColumnSchema*> columns_;
  DataChunk chunk_;
};

Status MissingKey(const ForeignKeyConstraint& constraint, const CatalogObject& referencing,
                  const CatalogObject& referenced) {
  return Status::ForeignKeyViolation("insert or update on table \"", referencing.name,
                                     "\" violates foreign key constraint \"", constraint.name,
                                     "\": key is not present in table \"", referenced.name, "\"");
}

Status StillReferenced(const ForeignKeyConstraint& constraint, const CatalogObject& referencing,
                       const CatalogObject& referenced) {
  return Status::ForeignKeyViolation(
      "update or delete on table \"", referenced.name, "\" violates foreign key constraint \"",
      constraint.name, "\": key is still referenced from table \"", referencing.name, "\"");
}

}  // namespace

ForeignKeyChecks::ForeignKeyChecks(duckdb::ClientContext& context, LumaTransaction& transaction,
                                   const LumaTableEntry& table)
    : context_(context),
      transaction_(transaction),
      table_(table),
      fetcher_(transaction.Read(table.id()), table) {
  const CatalogObjectPtr own = transaction.Find(table.id());
  for (const auto& constraint : own->table->foreign_keys) {
    outgoing_.push_back(
        MakeReference(constraint, own, transaction.Find(constraint.referenced_table)));
    KeepKeys(outgoing_.back(), /*table_is_referencing=*/true);
  }
  auto referencing_tables = transaction.Dependents(table.id());
  if (!own->table->foreign_keys.empty())
    referencing_tables.push_back(own);  // may be its own parent
  for (const auto& referencing : referencing_tables) {
    if (referencing->kind != storage::ObjectKind::kTable) continue;
    for (const auto& constraint : referencing->table->foreign_keys) {
      if (constraint.referenced_table != table.id()) continue;
      incoming_.push_back(MakeReference(constraint, referencing, own));
      KeepKeys(incoming_.back(), /*table_is_referencing=*/false);
    }
  }
}

ForeignKeyChecks::Reference ForeignKeyChecks::MakeReference(const ForeignKeyConstraint& constraint,
                                                            CatalogObjectPtr referencing,
                                                            CatalogObjectPtr referenced) const {
  const auto& uniques = referenced->table->uniques;
  const auto unique = std::ranges::find_if(uniques, [&](const UniqueConstraint& candidate) {
    return std::ranges::is_permutation(candidate.columns, constraint.referenced_columns);
  });
  if (unique == uniques.end()) {
    ThrowStatus(Status::Internal("no key behind a foreign key: constraint=", constraint.name));
  }
  Reference reference{.constraint = &constraint,
                      .referencing = std::move(referencing),
                      .referenced = std::move(referenced),
                      .unique_index = static_cast<size_t>(unique - uniques.begin()),
                      .referencing_columns = {},
                      .referenced_columns = unique->columns,
                      .key_columns = {},
                      .keys = nullptr};
  for (const ColumnId id : unique->columns) {
    const auto at = std::ranges::find(constraint.referenced_columns, id);
    reference.referencing_columns.push_back(
        constraint.columns[static_cast<size_t>(at - constraint.referenced_columns.begin())]);
  }
  return reference;
}

void ForeignKeyChecks::KeepKeys(Reference& reference, bool table_is_referencing) {
  reference.key_columns =
      StoredIndexes(table_.table_schema(), table_is_referencing ? reference.referencing_columns
                                                                : reference.referenced_columns);
  duckdb::vector<duckdb::LogicalType> types;
  for (const idx_t column : reference.key_columns) {
    types.push_back(
        table_.GetColumn(table_.GetColumns().PhysicalToLogical(duckdb::PhysicalIndex(column)))
            .Type());
  }
  reference.keys = std::make_unique<duckdb::ColumnDataCollection>(context_, types);
}

void ForeignKeyChecks::NoteInserted(DataChunk& rows) {
  MutexLock lock(mutex_);
  for (Reference& reference : outgoing_) {
    DataChunk keys;
    keys.InitializeEmpty(reference.keys->Types());
    for (size_t i = 0; i < reference.key_columns.size(); ++i) {
      keys.data[i].Reference(rows.data[reference.key_columns[i]]);
    }
    keys.SetCardinality(rows.size());
    reference.keys->Append(keys);
  }
}

void ForeignKeyChecks::NoteDeleted(std::span<const int64_t> row_ids) {
  MutexLock lock(mutex_);
  for (Reference& reference : incoming_) {
    DataChunk keys;
    keys.Initialize(context_, reference.keys->Types());
    std::vector<duckdb::Vector*> columns;
    for (auto& column : keys.data) columns.push_back(&column);
    fetcher_.Fetch(row_ids, reference.key_columns, columns);
    keys.SetCardinality(row_ids.size());
    reference.keys->Append(keys);
  }
}

void ForeignKeyChecks::Verify() {
  for (const Reference& reference : outgoing_) VerifyReferencedExist(reference);
  for (const Reference& reference : incoming_) VerifyNoneReferencing(reference);
}

void ForeignKeyChecks::VerifyReferencedExist(const Reference& reference) {
  for (auto& keys : reference.keys->Chunks()) {
    const ChunkSpans spans(keys);
    const auto found =
        transaction_.FindKeys(reference.referenced->id, reference.unique_index, spans.spans());
    for (uint32_t row = 0; row < keys.size(); ++row) {
      if (found[row] || HasNull(spans.spans(), row)) continue;
      ThrowStatus(MissingKey(*reference.constraint, *reference.referencing, *reference.referenced));
    }
  }
}

void ForeignKeyChecks::VerifyNoneReferencing(const Reference& reference) {
  KeySet gone;
  for (auto& keys : reference.keys->Chunks()) {
    const ChunkSpans spans(keys);
    const auto found =
        transaction_.FindKeys(reference.referenced->id, reference.unique_index, spans.spans());
    for (uint32_t row = 0; row < keys.size(); ++row) {
      if (!found[row] && !HasNull(spans.spans(), row)) gone.insert(KeyBytes(spans.spans(), row));
    }
  }
  if (gone.empty()) return;
  ReferenceSearch search(context_, *reference.referencing->table, reference.referencing_columns,
                         gone);
  if (search.FindsAny(*transaction_.ReadNow(reference.referencing->id))) {
    ThrowStatus(
        StillReferenced(*reference.constraint, *reference.referencing, *reference.referenced));
  }
}

}  // namespace luma::sql
