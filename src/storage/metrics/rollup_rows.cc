#include "storage/metrics/rollup_rows.h"

namespace luma::storage {
namespace {

constexpr PhysicalType kUInt64 = PhysicalType::kUInt64;
constexpr PhysicalType kInt64 = PhysicalType::kInt64;
constexpr PhysicalType kFloat64 = PhysicalType::kFloat64;

// Fills the columns from left to right.
class ColumnFiller {
 public:
  explicit ColumnFiller(std::span<const RollupRow> rows) : rows_(rows) {}

  template <typename T, typename Read>
  void Fill(const Read& read) {
    T* next = reinterpret_cast<T*>(buffer_.Grow(column_++, static_cast<uint32_t>(rows_.size())));
    for (const RollupRow& row : rows_) *next++ = static_cast<T>(read(row));
  }
  template <typename T, typename Field>
  void FillFrom(Field Rollup::* field) {
    Fill<T>([field](const RollupRow& row) { return row.rollup.*field; });
  }
  RowBuffer Finish() && {
    buffer_.CommitRows(static_cast<uint32_t>(rows_.size()));
    return std::move(buffer_);
  }

 private:
  const std::span<const RollupRow> rows_;
  RowBuffer buffer_{{kUInt64, kInt64, kInt64, kInt64, kFloat64, kFloat64, kFloat64, kFloat64,
                     kFloat64, kInt64, kInt64, kInt64, kFloat64, kInt64, kInt64}};
  size_t column_ = 0;
};

}  // namespace

RowBuffer MakeRollupRows(std::span<const RollupRow> rows) {
  ColumnFiller columns(rows);
  columns.Fill<uint64_t>([](const RollupRow& row) { return row.series; });
  columns.Fill<int64_t>([](const RollupRow& row) { return row.ts; });
  columns.Fill<int64_t>([](const RollupRow& row) { return row.resolution_ms; });
  columns.FillFrom<int64_t>(&Rollup::count);
  columns.FillFrom<double>(&Rollup::sum);
  columns.FillFrom<double>(&Rollup::min);
  columns.FillFrom<double>(&Rollup::max);
  columns.FillFrom<double>(&Rollup::first);
  columns.FillFrom<double>(&Rollup::last);
  columns.FillFrom<int64_t>(&Rollup::first_ts);
  columns.FillFrom<int64_t>(&Rollup::last_ts);
  columns.FillFrom<int64_t>(&Rollup::stale_ts);
  columns.FillFrom<double>(&Rollup::reset_sum);
  columns.FillFrom<int64_t>(&Rollup::changes);
  columns.FillFrom<int64_t>(&Rollup::resets);
  return std::move(columns).Finish();
}

}  // namespace luma::storage
