#include "encoding/run_length.h"

#include <algorithm>
#include <cstring>

namespace luma::encoding {
namespace {

struct Word128 {
  uint64_t low, high;
  bool operator==(const Word128&) const = default;
};

// Calls fn(T{}) with the word type that has the value's size.
template <typename Fn>
auto WithWord(size_t value_bytes, Fn&& fn) {
  switch (value_bytes) {
    case 1:
      return fn(uint8_t{});
    case 2:
      return fn(uint16_t{});
    case 4:
      return fn(uint32_t{});
    case 8:
      return fn(uint64_t{});
    default:
      return fn(Word128{});
  }
}

template <typename T>
uint32_t CountRunsOf(const T* values, uint32_t count) {
  uint32_t runs = count > 0 ? 1 : 0;
  for (uint32_t i = 1; i < count; ++i) runs += values[i] == values[i - 1] ? 0 : 1;
  return runs;
}

template <typename T>
void FindRunsOf(const T* values, uint32_t count, T* run_values, std::vector<uint32_t>& lengths) {
  for (uint32_t begin = 0, end = 0; begin < count; begin = end) {
    end = begin + 1;
    while (end < count && values[end] == values[begin]) ++end;
    run_values[lengths.size()] = values[begin];
    lengths.push_back(end - begin);
  }
}

}  // namespace

uint32_t CountRuns(const ColumnSpan& column) {
  return WithWord(ValueBytes(column.type),
                  [&]<typename T>(T) { return CountRunsOf(column.As<T>(), column.count); });
}

Runs FindRuns(const ColumnSpan& column) {
  const size_t value_bytes = ValueBytes(column.type);
  const uint32_t count = CountRuns(column);
  Runs runs{AlignedBuffer(count * value_bytes), {}};
  runs.lengths.reserve(count);
  WithWord(value_bytes, [&]<typename T>(T) {
    FindRunsOf(column.As<T>(), column.count, runs.values.As<T>(), runs.lengths);
  });
  return runs;
}

void ExpandRuns(const std::byte* values, std::span<const uint32_t> lengths, size_t value_bytes,
                std::byte* out) {
  WithWord(value_bytes, [&]<typename T>(T) {
    const T* value = reinterpret_cast<const T*>(values);
    T* at = reinterpret_cast<T*>(out);
    for (const uint32_t length : lengths) at = std::fill_n(at, length, *value++);
  });
}

}  // namespace luma::encoding
