// Columns of random values for tests and benchmarks: every physical type, in the patterns that the
// codecs care about.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/column.h"
#include "encoding/aligned_buffer.h"

namespace luma::encoding::testing {

enum class Pattern : uint8_t {
  kConstant,
  kRuns,      // each value repeats for a while
  kSmall,     // few different values, close together
  kSteady,    // grows by about the same step, as timestamps and sequences do
  kExtremes,  // minima, maxima, zeros, infinities, NaNs with payload, empty and long strings
  kNoise,     // any bits
};
constexpr int kPatternCount = 6;

constexpr PhysicalType PhysicalTypeAt(int index) { return static_cast<PhysicalType>(index); }

// Owns the values of one column. span() is valid while this lives; moving is allowed.
class OwnedColumn {
 public:
  template <typename T>
  static OwnedColumn Of(PhysicalType type, const std::vector<T>& values) {
    return OfRaw(type, std::as_bytes(std::span(values)));
  }
  static OwnedColumn OfRaw(PhysicalType type, ByteSpan values) {
    OwnedColumn column(type, static_cast<uint32_t>(values.size() / ValueBytes(type)));
    if (!values.empty()) std::memcpy(column.values_.data(), values.data(), values.size());
    return column;
  }
  static OwnedColumn OfStrings(std::vector<std::string> texts) {
    OwnedColumn column(PhysicalType::kBytes, static_cast<uint32_t>(texts.size()));
    column.texts_ = std::move(texts);
    for (size_t i = 0; i < column.texts_.size(); ++i) {
      column.values_.As<StringRef>()[i] = StringRef(column.texts_[i]);
    }
    return column;
  }

  ColumnSpan span() const { return Slice(0, count_); }
  // Rows [first, first + count); `first` is a multiple of 64.
  ColumnSpan Slice(uint32_t first, uint32_t count) const {
    return {type_, count, values_.data() + size_t{first} * ValueBytes(type_),
            validity_.empty() ? nullptr : validity_.data() + first / 64};
  }
  void SetNull(uint32_t row) {
    if (validity_.empty()) validity_.assign(ValidityWords(count_), ~uint64_t{0});
    validity_[row / 64] &= ~(uint64_t{1} << (row % 64));
  }

 private:
  OwnedColumn(PhysicalType type, uint32_t count)
      : type_(type), count_(count), values_(size_t{count} * ValueBytes(type)) {}

  PhysicalType type_;
  uint32_t count_;
  AlignedBuffer values_;
  std::vector<uint64_t> validity_;
  std::vector<std::string> texts_;  // what the StringRefs point to
};

// Makes the bits of random values, 16 bytes each, of which a type uses as many as it needs.
class ValueSource {
 public:
  ValueSource(PhysicalType type, Pattern pattern, std::mt19937_64& random)
      : type_(type), pattern_(pattern), random_(random), low_(random()), step_(random() % 1000) {}

  struct Word128 {
    uint64_t low;
    uint64_t high;
  };
  Word128 Next() {
    const Word128 bits = Raw();
    if (type_ == PhysicalType::kBool) return {bits.low & 1, 0};
    return bits;
  }

 private:
  Word128 Raw() {
    switch (pattern_) {
      case Pattern::kConstant:
        return {low_, Extension()};
      case Pattern::kRuns:
        if (random_() % 50 == 0) low_ = random_();
        return {low_, Extension()};
      case Pattern::kSmall:
        return Small(random_() % 20);
      case Pattern::kSteady:
        low_ += step_ + (random_() % 16 == 0 ? random_() % 8 : 0);
        return {low_, Extension()};
      case Pattern::kExtremes:
        return Extreme();
      case Pattern::kNoise:
        break;
    }
    return {random_(), random_()};
  }
  Word128 Small(uint64_t value) const {
    if (type_ == PhysicalType::kFloat64)
      return {std::bit_cast<uint64_t>(static_cast<double>(value) / 4), 0};
    return {value, 0};
  }
  Word128 Extreme() {
    static constexpr uint64_t kHalves[] = {0,
                                           1,
                                           ~uint64_t{0},
                                           uint64_t{1} << 63,
                                           (uint64_t{1} << 63) - 1,
                                           0x7ff0000000000000,   // +Inf
                                           0xfff0000000000000,   // -Inf
                                           0x7ff8000000000123,   // NaN with a payload
                                           0x7ff0000000000002,   // a signalling NaN: stale marker
                                           0x7fc000017f800000};  // the same for floats
    constexpr size_t kCount = sizeof(kHalves) / sizeof(kHalves[0]);
    return {kHalves[random_() % kCount], kHalves[random_() % kCount]};
  }

  // Sign extension, so that some 128-bit columns fit the 64-bit codecs.
  uint64_t Extension() const {
    return type_ == PhysicalType::kInt128 && static_cast<int64_t>(low_) < 0 ? ~uint64_t{0} : 0;
  }

  PhysicalType type_;
  Pattern pattern_;
  std::mt19937_64& random_;
  uint64_t low_;
  uint64_t step_;
};

inline std::string RandomText(Pattern pattern, std::mt19937_64& random) {
  static const std::string kWords[] = {"",
                                       "a",
                                       "GET",
                                       "info",
                                       "twelve bytes",
                                       "thirteen byte",
                                       "a line that is longer than a reference holds"};
  if (pattern == Pattern::kConstant) return kWords[6];
  if (pattern != Pattern::kNoise && pattern != Pattern::kExtremes) return kWords[random() % 7];
  std::string text(random() % (pattern == Pattern::kExtremes ? 300 : 30), '\0');
  for (char& letter : text) letter = static_cast<char>(random());
  return text;
}

inline OwnedColumn RandomStrings(uint32_t count, Pattern pattern, std::mt19937_64& random) {
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < count; ++i) {
    const bool repeat = pattern == Pattern::kRuns && i > 0 && random() % 10 != 0;
    texts.push_back(repeat ? texts.back() : RandomText(pattern, random));
  }
  return OwnedColumn::OfStrings(std::move(texts));
}

inline OwnedColumn RandomFixedValues(PhysicalType type, uint32_t count, Pattern pattern,
                                     std::mt19937_64& random) {
  ValueSource source(type, pattern, random);
  const size_t value_bytes = ValueBytes(type);
  std::vector<std::byte> values(count * value_bytes);
  for (uint32_t i = 0; i < count; ++i) {
    const ValueSource::Word128 bits = source.Next();
    std::memcpy(values.data() + i * value_bytes, &bits, value_bytes);
  }
  return OwnedColumn::OfRaw(type, values);
}

inline OwnedColumn RandomColumn(PhysicalType type, uint32_t count, Pattern pattern,
                                double null_share, std::mt19937_64& random) {
  OwnedColumn column = type == PhysicalType::kBytes
                           ? RandomStrings(count, pattern, random)
                           : RandomFixedValues(type, count, pattern, random);
  std::bernoulli_distribution is_null(null_share);
  for (uint32_t row = 0; null_share > 0 && row < count; ++row) {
    if (is_null(random)) column.SetNull(row);
  }
  return column;
}

// Equal rows, nulls and bits (strings: bytes); the values of null rows do not matter.
inline bool SameRows(const ColumnSpan& a, const ColumnSpan& b) {
  if (a.type != b.type || a.count != b.count) return false;
  const size_t value_bytes = ValueBytes(a.type);
  for (uint32_t row = 0; row < a.count; ++row) {
    if (a.IsNull(row) != b.IsNull(row)) return false;
    if (a.IsNull(row)) continue;
    const bool same = a.type == PhysicalType::kBytes
                          ? a.As<StringRef>()[row].view() == b.As<StringRef>()[row].view()
                          : std::memcmp(a.values + row * value_bytes, b.values + row * value_bytes,
                                        value_bytes) == 0;
    if (!same) return false;
  }
  return true;
}

}  // namespace luma::encoding::testing
