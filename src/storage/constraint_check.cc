#include "storage/constraint_check.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "storage/key_lookup.h"

namespace luma::storage {
namespace {

using HashedRow = std::pair<uint64_t, RowId>;

Status VisitLiveRows(const RunView& run, uint32_t block, const auto& visit) {
  std::vector<uint64_t> deleted(ValidityWords(run.BlockRows(block)));
  run.DeletedRows(block, deleted);
  for (uint32_t row = 0; row < run.BlockRows(block); ++row) {
    if (((deleted[row / 64] >> (row % 64)) & 1) != 0) continue;
    LUMA_RETURN_IF_ERROR(visit(row));
  }
  return Status::Ok();
}

Result<std::vector<HashedRow>> HashKeys(const TableSnapshot& table,
                                        std::span<const ColumnSchema* const> columns) {
  std::vector<HashedRow> hashes;
  for (const auto& run : table.runs()) {
    for (uint32_t block = 0; block < run->block_count(); ++block) {
      LUMA_ASSIGN_OR_RETURN(const KeyBlocks keys, ReadKeyBlocks(*run, columns, block));
      LUMA_RETURN_IF_ERROR(VisitLiveRows(*run, block, [&](uint32_t row) {
        const std::optional<uint64_t> hash = HashKey(keys, row);
        if (hash) hashes.emplace_back(*hash, MakeRowId(run->id(), run->BlockStart(block) + row));
        return Status::Ok();
      }));
    }
  }
  return hashes;
}

Result<bool> SameKey(const TableSnapshot& table, std::span<const ColumnSchema* const> columns,
                     RowId a, RowId b) {
  KeyBlocks keys[2];
  uint32_t rows[2];
  for (int i = 0; i < 2; ++i) {
    const RowId id = i == 0 ? a : b;
    const RunView& run = *table.FindRun(RunOf(id));
    const uint32_t block = FindBlock(run, PositionOf(id));
    LUMA_ASSIGN_OR_RETURN(keys[i], ReadKeyBlocks(run, columns, block));
    rows[i] = PositionOf(id) - run.BlockStart(block);
  }
  return KeysEqual(keys[0], rows[0], keys[1], rows[1]);
}

}  // namespace

Status CheckNoNulls(const TableSnapshot& table, const ColumnSchema& column) {
  for (const auto& run : table.runs()) {
    for (uint32_t block = 0; block < run->block_count(); ++block) {
      const ZoneMap* const zone = run->Zone(column.id, block);
      if (zone != nullptr && zone->null_count == 0) continue;
      LUMA_ASSIGN_OR_RETURN(const ColumnBlock values, run->Read(column, block));
      LUMA_RETURN_IF_ERROR(VisitLiveRows(*run, block, [&](uint32_t row) {
        if (ValueAt(values, row) != nullptr) return Status::Ok();
        return Status::NotNullViolation("column \"", column.name, "\" of relation \"",
                                        table.object().name, "\" contains null values");
      }));
    }
  }
  return Status::Ok();
}

Status CheckUnique(const TableSnapshot& table, const TableSchema& schema,
                   const UniqueConstraint& constraint) {
  const auto columns = KeyColumns(schema, constraint.columns);
  LUMA_ASSIGN_OR_RETURN(std::vector<HashedRow> hashes, HashKeys(table, columns));
  std::ranges::sort(hashes);
  for (size_t first = 0; first < hashes.size(); ++first) {
    for (size_t i = first + 1; i < hashes.size() && hashes[i].first == hashes[first].first; ++i) {
      LUMA_ASSIGN_OR_RETURN(const bool same,
                            SameKey(table, columns, hashes[first].second, hashes[i].second));
      if (same) {
        return Status::UniqueViolation("could not create unique index \"", constraint.name, "\"");
      }
    }
  }
  return Status::Ok();
}

bool MustNotBeNull(const TableSchema& schema, const ColumnSchema& column) {
  if (column.not_null) return true;
  return std::ranges::any_of(schema.uniques, [&](const UniqueConstraint& unique) {
    return unique.is_primary_key && std::ranges::count(unique.columns, column.id) > 0;
  });
}

Status CheckNotNull(const CatalogObject& table, const ColumnSchema& column,
                    const ColumnSpan& values) {
  if (values.validity == nullptr) return Status::Ok();
  for (uint32_t row = 0; row < values.count; ++row) {
    if (values.IsNull(row)) {
      return Status::NotNullViolation("null value in column \"", column.name, "\" of relation \"",
                                      table.name, "\" violates not-null constraint");
    }
  }
  return Status::Ok();
}

}  // namespace luma::storage
