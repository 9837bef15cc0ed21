// The column by whose time the rows of a table age.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "model/schema.h"
#include "storage/table_snapshot.h"

namespace luma::storage {

struct TimeColumn {
  ColumnId id{};
  int64_t ticks_per_second = 0;

  // Rounded down; the ends of the range stand for what does not fit.
  int64_t TicksOf(UnixMillis time) const;
};
// The last timestamp that the table is sorted by.
std::optional<TimeColumn> FindTimeColumn(const TableSchema& schema);

// The oldest and the newest time of the run's rows, deleted ones included, by its zone maps;
// nullopt when some block has none.
std::optional<int64_t> OldestTicks(const RunView& run, const TimeColumn& column);
std::optional<int64_t> NewestTicks(const RunView& run, const TimeColumn& column);

}  // namespace luma::storage
