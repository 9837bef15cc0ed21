#include "storage/hot/row_order.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/bytes.h"
#include "storage/column_block.h"

namespace luma::storage {
namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;

// An integer whose unsigned order is the order of the values.
template <typename T>
uint64_t Ordered(T value) {
  if constexpr (std::is_signed_v<T>) return static_cast<uint64_t>(int64_t{value}) ^ kSignBit;
  return value;
}
uint64_t Ordered(double value) {
  if (std::isnan(value)) return UINT64_MAX;
  const auto bits = std::bit_cast<uint64_t>(value == 0 ? 0.0 : value);
  return (bits & kSignBit) != 0 ? ~bits : bits | kSignBit;
}

struct Words {
  uint64_t high = 0;
  uint64_t low = 0;
};

Words OrderedInterval(const IntervalValue& value) {
  constexpr int64_t kDayMicros = int64_t{24} * 3600 * 1'000'000;
  const int64_t borrowed = value.micros % kDayMicros < 0 ? 1 : 0;
  const int64_t carried = value.micros / kDayMicros - borrowed;
  return {Ordered(int64_t{value.months} * 30 + value.days + carried),
          Ordered(value.micros - carried * kDayMicros)};
}

// The first bytes of a string decide most comparisons.
Words OrderedPrefix(std::string_view text) {
  uint64_t prefix = 0;
  std::memcpy(&prefix, text.data(), std::min<size_t>(text.size(), sizeof(prefix)));
  return {__builtin_bswap64(prefix), 0};
}

Words OrderedWords(PhysicalType type, const std::byte* value) {
  switch (type) {
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      return {Ordered(LoadLe<uint8_t>(value)), 0};
    case PhysicalType::kInt8:
      return {Ordered(LoadLe<int8_t>(value)), 0};
    case PhysicalType::kInt16:
      return {Ordered(LoadLe<int16_t>(value)), 0};
    case PhysicalType::kInt32:
      return {Ordered(LoadLe<int32_t>(value)), 0};
    case PhysicalType::kInt64:
      return {Ordered(LoadLe<int64_t>(value)), 0};
    case PhysicalType::kUInt16:
      return {Ordered(LoadLe<uint16_t>(value)), 0};
    case PhysicalType::kUInt32:
      return {Ordered(LoadLe<uint32_t>(value)), 0};
    case PhysicalType::kUInt64:
      return {Ordered(LoadLe<uint64_t>(value)), 0};
    case PhysicalType::kInt128:
      return {Ordered(LoadLe<Int128>(value).high), LoadLe<Int128>(value).low};
    case PhysicalType::kUInt128:
      return {static_cast<uint64_t>(LoadLe<Int128>(value).high), LoadLe<Int128>(value).low};
    case PhysicalType::kFloat32:
      return {Ordered(double{LoadLe<float>(value)}), 0};
    case PhysicalType::kFloat64:
      return {Ordered(LoadLe<double>(value)), 0};
    case PhysicalType::kInterval:
      return OrderedInterval(LoadLe<IntervalValue>(value));
    case PhysicalType::kBytes:
      return OrderedPrefix(LoadLe<StringRef>(value).view());
  }
  return {};
}

// Which bits differ among the words.
uint64_t VaryingBits(std::span<const uint64_t> words) {
  uint64_t bits = 0;
  for (const uint64_t word : words) bits |= word ^ words[0];
  return bits;
}

// Stable, from the lowest byte to the highest, skipping bytes that all keys share: series ids, for
// one, differ in two or three.
void RadixSort(std::span<const uint64_t> keys, std::vector<uint32_t>& order) {
  const uint64_t varying = VaryingBits(keys);
  std::vector<uint32_t> sorted(order.size());
  for (int shift = 0; shift < 64; shift += 8) {
    if (((varying >> shift) & 0xff) == 0) continue;
    std::array<uint32_t, 257> starts{};
    for (const uint64_t key : keys) ++starts[((key >> shift) & 0xff) + 1];
    for (size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
    for (const uint32_t row : order) sorted[starts[(keys[row] >> shift) & 0xff]++] = row;
    order.swap(sorted);
  }
}

// One key column of all rows, ready for comparing.
class OrderedColumn {
 public:
  Status Load(const RunVersion& run, const ColumnSchema& column) {
    const bool is_wide = ValueBytes(column.physical_type) == 16;
    for (uint32_t block = 0; block < run.block_count(); ++block) {
      LUMA_ASSIGN_OR_RETURN(ColumnBlock values, run.Read(column, block));
      for (uint32_t row = 0; row < values.row_count; ++row) {
        const std::byte* const value = ValueAt(values, row);
        const Words words = value == nullptr ? Words() : OrderedWords(column.physical_type, value);
        high_.push_back(words.high);
        if (column.physical_type == PhysicalType::kBytes) {
          texts_.push_back(value == nullptr ? StringRef() : LoadLe<StringRef>(value));
        } else if (is_wide) {
          low_.push_back(words.low);
        }
        AddNull(value == nullptr);
      }
      owners_.push_back(std::move(values.owner));
    }
    return Status::Ok();
  }

  // <0, 0, >0
  int Compare(uint32_t a, uint32_t b) const {
    if (!nulls_.empty() && nulls_[a] != nulls_[b]) return nulls_[a] ? 1 : -1;
    if (high_[a] != high_[b]) return high_[a] < high_[b] ? -1 : 1;
    if (!texts_.empty()) return texts_[a].view().compare(texts_[b].view());
    if (!low_.empty() && low_[a] != low_[b]) return low_[a] < low_[b] ? -1 : 1;
    return 0;
  }

  // `order` holds every row, ascending; rows with equal values stay ascending.
  void Sort(std::vector<uint32_t>& order) const {
    if (nulls_.empty() && texts_.empty() && low_.empty()) return RadixSort(high_, order);
    std::ranges::sort(order, [&](uint32_t a, uint32_t b) {
      const int compared = Compare(a, b);
      return compared != 0 ? compared < 0 : a < b;
    });
  }

 private:
  void AddNull(bool is_null) {
    if (nulls_.empty() && is_null) nulls_.resize(high_.size() - 1, false);
    if (is_null || !nulls_.empty()) nulls_.push_back(is_null);
  }

  std::vector<uint64_t> high_;
  std::vector<uint64_t> low_;     // of 16-byte values
  std::vector<StringRef> texts_;  // of strings
  std::vector<bool> nulls_;       // empty: none
  std::vector<std::shared_ptr<const void>> owners_;
};

// Whether row `a` goes before row `b`: by `keys`, then by position.
auto IsBefore(std::span<const OrderedColumn> keys) {
  return [keys](uint32_t a, uint32_t b) {
    for (const OrderedColumn& key : keys) {
      const int order = key.Compare(a, b);
      if (order != 0) return order < 0;
    }
    return a < b;
  };
}

// `order` is by the first key; sorts the rows that are equal in it by the others. Samples of a
// series mostly came in the order of their times already.
void SortEqualRows(std::span<const OrderedColumn> keys, std::vector<uint32_t>& order) {
  const auto is_before = IsBefore(keys.subspan(1));
  for (auto begin = order.begin(); begin != order.end();) {
    const auto end = std::find_if(begin, order.end(),
                                  [&](uint32_t row) { return keys[0].Compare(*begin, row) != 0; });
    if (!std::is_sorted(begin, end, is_before)) std::sort(begin, end, is_before);
    begin = end;
  }
}

}  // namespace

Result<std::vector<uint32_t>> SortedOrder(const RunVersion& run,
                                          std::span<const ColumnSchema* const> columns) {
  std::vector<OrderedColumn> keys(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    LUMA_RETURN_IF_ERROR(keys[i].Load(run, *columns[i]));
  }
  std::vector<uint32_t> order(run.row_count());
  std::iota(order.begin(), order.end(), 0);
  if (std::ranges::is_sorted(order, IsBefore(keys))) return std::vector<uint32_t>();
  keys[0].Sort(order);
  SortEqualRows(keys, order);
  return order;
}

}  // namespace luma::storage
