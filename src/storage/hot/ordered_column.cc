#include "storage/hot/ordered_column.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "storage/column_block.h"

namespace luma::storage {
namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;

// Rows are put at the places of so many different keys at once; more would not stay in a cache.
constexpr uint64_t kCountedMax = 1 << 16;

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

}  // namespace

std::optional<OrderedColumn::Range> OrderedColumn::WordRange() const {
  const bool are_words = nulls_.empty() && texts_.empty() && low_.empty();
  if (!are_words || row_count() == 0) return std::nullopt;
  Range range{.min = Word(0), .max = Word(0)};
  for (uint32_t row = 1; row < row_count(); ++row) {
    range.min = std::min(range.min, Word(row));
    range.max = std::max(range.max, Word(row));
  }
  return range;
}

// Stable, from the lowest byte to the highest; the bytes above the highest that differs are
// skipped: series ids, for one, differ in two or three.
void OrderedColumn::RadixSort(Range range, std::vector<uint32_t>& order) const {
  std::vector<uint32_t> sorted(order.size());
  for (int shift = 0; shift < 64 && (range.max - range.min) >> shift != 0; shift += 8) {
    const auto digit = [&](uint32_t row) { return ((Word(row) - range.min) >> shift) & 0xff; };
    std::array<uint32_t, 257> starts{};
    for (const uint32_t row : order) ++starts[digit(row) + 1];
    for (size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
    for (const uint32_t row : order) sorted[starts[digit(row)]++] = row;
    order.swap(sorted);
  }
}

// Stable; reads the words in their order, twice.
void OrderedColumn::CountingSort(Range range, std::vector<uint32_t>& order) const {
  std::vector<uint32_t> starts(range.max - range.min + 2);
  for (uint32_t row = 0; row < order.size(); ++row) ++starts[Word(row) - range.min + 1];
  for (size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
  for (uint32_t row = 0; row < row_count(); ++row) order[starts[Word(row) - range.min]++] = row;
}

bool OrderedColumn::TryAddInPlace(const ColumnBlock& block) {
  const PhysicalType type = block.flat.type;
  const bool is_plain = block.shape == ColumnBlock::Shape::kFlat &&
                        block.flat.validity == nullptr &&
                        (type == PhysicalType::kInt64 || type == PhysicalType::kUInt64);
  if (!is_plain || !high_.empty()) return false;
  LUMA_CHECK(placed_rows_ % 64 == 0);
  flipped_bit_ = type == PhysicalType::kInt64 ? kSignBit : 0;
  const auto* const values = reinterpret_cast<const uint64_t*>(block.flat.values);
  for (uint32_t row = 0; row < block.row_count; row += 64) places_.push_back(values + row);
  placed_rows_ += block.row_count;
  return true;
}

void OrderedColumn::CopyFromPlaces() {
  std::vector<uint64_t> copied(placed_rows_);
  for (uint32_t row = 0; row < placed_rows_; ++row) copied[row] = Word(row);
  high_ = std::move(copied);
  places_.clear();
  placed_rows_ = 0;
}

void OrderedColumn::Add(ColumnBlock block) {
  if (TryAddInPlace(block)) {
    owners_.push_back(std::move(block.owner));
    return;
  }
  if (!places_.empty()) CopyFromPlaces();
  for (uint32_t row = 0; row < block.row_count; ++row) {
    AddValue(block.flat.type, ValueAt(block, row));
  }
  owners_.push_back(std::move(block.owner));
}

void OrderedColumn::AddValue(PhysicalType type, const std::byte* value) {
  const bool is_null = value == nullptr;
  if (is_null && nulls_.empty()) nulls_.resize(high_.size(), false);
  if (!nulls_.empty() || is_null) nulls_.push_back(is_null);
  const Words words = is_null ? Words() : OrderedWords(type, value);
  high_.push_back(words.high);
  if (type == PhysicalType::kBytes) {
    texts_.push_back(is_null ? StringRef() : LoadLe<StringRef>(value));
  } else if (ValueBytes(type) == 16) {
    low_.push_back(words.low);
  }
}

void OrderedColumn::Clear() {
  places_.clear();
  placed_rows_ = 0;
  high_.clear();
  low_.clear();
  texts_.clear();
  nulls_.clear();
  owners_.clear();
}

int OrderedColumn::Compare(uint32_t a, const OrderedColumn& other, uint32_t b) const {
  const bool is_null = IsNull(a);
  if (is_null != other.IsNull(b)) return is_null ? 1 : -1;
  const uint64_t mine = Word(a);
  const uint64_t theirs = other.Word(b);
  if (mine != theirs) return mine < theirs ? -1 : 1;
  if (!texts_.empty()) return texts_[a].view().compare(other.texts_[b].view());
  if (!low_.empty() && low_[a] != other.low_[b]) return low_[a] < other.low_[b] ? -1 : 1;
  return 0;
}

void OrderedColumn::Sort(std::vector<uint32_t>& order) const {
  if (const std::optional<Range> range = WordRange()) {
    const bool is_narrow = range->max - range->min < kCountedMax;
    return is_narrow ? CountingSort(*range, order) : RadixSort(*range, order);
  }
  std::ranges::sort(order, [&](uint32_t a, uint32_t b) {
    const int compared = Compare(a, *this, b);
    return compared != 0 ? compared < 0 : a < b;
  });
}

}  // namespace luma::storage
