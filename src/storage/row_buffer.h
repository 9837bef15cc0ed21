// Rows on their way into the engine: columns in memory, growable, owning their strings.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/column.h"
#include "model/schema.h"

namespace luma::storage {

// Append-only columnar rows. Values and strings never move once the buffer is committed.
// Threads: one writer; afterwards any number of readers.
class RowBuffer {
 public:
  // `types` of the stored (not generated) columns, in schema order.
  explicit RowBuffer(const std::vector<PhysicalType>& types);
  ~RowBuffer();
  RowBuffer(RowBuffer&&) noexcept;
  RowBuffer& operator=(RowBuffer&&) noexcept;

  // Copies rows, strings included; one span per column, all of one count.
  void Append(std::span<const ColumnSpan> columns);
  // The same for the rows `selection` names, in that order.
  void Append(std::span<const ColumnSpan> columns, std::span<const uint32_t> selection);

  // Fast typed path for ingestion: grows column `column` by `count` values, returns where they go;
  // the caller fills every column by the same count, then calls CommitRows(count). No nulls, and
  // not for kBytes, whose strings the buffer must own.
  std::byte* Grow(size_t column, uint32_t count);
  void CommitRows(uint32_t count);

  uint32_t row_count() const;
  size_t column_count() const;
  // Valid until the buffer is destroyed or grown.
  ColumnSpan Column(size_t column) const;
  size_t memory_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace luma::storage
