#include "storage/hot/row_order.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "storage/hot/ordered_column.h"

namespace luma::storage {
namespace {

// Whether row `a` goes before row `b`: by `keys`, then by position.
auto IsBefore(std::span<const OrderedColumn> keys) {
  return [keys](uint32_t a, uint32_t b) {
    for (const OrderedColumn& key : keys) {
      const int order = key.Compare(a, key, b);
      if (order != 0) return order < 0;
    }
    return a < b;
  };
}

// Whether the rows that are equal in the first key are in the order of the others as they came,
// which samples of a series mostly are. True only if that can be told in one pass.
bool AreEqualRowsInOrder(std::span<const OrderedColumn> keys, uint32_t rows) {
  const auto range = keys[0].WordRange();
  if (!range || range->max - range->min >= rows) return false;
  constexpr uint32_t kNone = UINT32_MAX;
  std::vector<uint32_t> last_of(range->max - range->min + 1, kNone);
  const auto is_before = IsBefore(keys.subspan(1));
  for (uint32_t row = 0; row < rows; ++row) {
    uint32_t& last = last_of[keys[0].Word(row) - range->min];
    if (last != kNone && is_before(row, last)) return false;
    last = row;
  }
  return true;
}

// `order` is by the first key; sorts the rows that are equal in it by the others.
void SortEqualRows(std::span<const OrderedColumn> keys, std::vector<uint32_t>& order) {
  const auto is_before = IsBefore(keys.subspan(1));
  for (auto begin = order.begin(); begin != order.end();) {
    const auto end = std::find_if(begin, order.end(), [&](uint32_t row) {
      return keys[0].Compare(*begin, keys[0], row) != 0;
    });
    if (!std::is_sorted(begin, end, is_before)) std::sort(begin, end, is_before);
    begin = end;
  }
}

}  // namespace

Result<std::vector<uint32_t>> SortedOrder(const RunVersion& run,
                                          std::span<const ColumnSchema* const> columns) {
  std::vector<OrderedColumn> keys(columns.size());
  for (uint32_t block = 0; block < run.block_count(); ++block) {
    for (size_t i = 0; i < columns.size(); ++i) {
      LUMA_ASSIGN_OR_RETURN(ColumnBlock values, run.Read(*columns[i], block));
      keys[i].Add(std::move(values));
    }
  }
  std::vector<uint32_t> order(run.row_count());
  std::iota(order.begin(), order.end(), 0);
  if (std::ranges::is_sorted(order, IsBefore(keys))) return std::vector<uint32_t>();
  const bool is_done_by_first = AreEqualRowsInOrder(keys, run.row_count());
  keys[0].Sort(order);
  if (!is_done_by_first) SortEqualRows(keys, order);
  return order;
}

}  // namespace luma::storage
