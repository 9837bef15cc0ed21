// Checks of all rows of a table, for constraints that are added to it.
#pragma once

#include "storage/table_snapshot.h"

namespace luma::storage {

// Both read the key columns of the whole table. Errors besides those named: kIoError, kCorruption.
// kNotNullViolation when a visible row has a null in the column.
Status CheckNoNulls(const TableSnapshot& table, const ColumnSchema& column);
// kUniqueViolation when two visible rows have the same key. Memory: 16 bytes a row.
Status CheckUnique(const TableSnapshot& table, const TableSchema& schema,
                   const UniqueConstraint& constraint);

// kNotNullViolation when a row of `values` is null.
Status CheckNotNull(const CatalogObject& table, const ColumnSchema& column,
                    const ColumnSpan& values);
bool MustNotBeNull(const TableSchema& schema, const ColumnSchema& column);

}  // namespace luma::storage
