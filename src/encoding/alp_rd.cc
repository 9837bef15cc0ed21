#include "encoding/alp_rd.h"

#include <algorithm>
#include <array>
#include <vector>

#include "encoding/bit_packing.h"
#include "encoding/lane_packing.h"
#include "encoding/simd/lanes.h"

namespace luma::encoding {
namespace {

// The upper part has at most 16 bits, as in the paper.
constexpr int kLowerBitsMin = 48;
constexpr int kLowerBitsMax = 63;
constexpr size_t kDictionaryMax = 8;

// What an upper part costs that is not in the dictionary: itself and the gap before it.
constexpr size_t kExceptionBits = 24;

constexpr size_t kSampleSize = 512;

uint64_t LowBits(int width) { return (uint64_t{1} << width) - 1; }

// Where values are cut, and the upper parts that have an index.
struct Cut {
  int lower_bits = kLowerBitsMax;
  std::vector<uint16_t> dictionary;

  int code_width() const { return dictionary.empty() ? 0 : BitWidth(dictionary.size() - 1); }
  // dictionary.size(): it has none.
  size_t CodeOf(uint64_t value) const {
    const auto upper = static_cast<uint16_t>(value >> lower_bits);
    return static_cast<size_t>(std::ranges::find(dictionary, upper) - dictionary.begin());
  }
};

struct UpperCount {
  uint16_t upper;
  size_t count;
};

// The longest upper parts of a sample, ascending. A cut further up drops their lowest bits, which
// leaves the order.
std::vector<uint16_t> SortedUppers(std::span<const uint64_t> values) {
  const size_t step = values.size() / kSampleSize + 1;
  std::vector<uint16_t> uppers;
  for (size_t i = 0; i < values.size(); i += step) {
    uppers.push_back(static_cast<uint16_t>(values[i] >> kLowerBitsMin));
  }
  std::ranges::sort(uppers);
  return uppers;
}

// The different upper parts, the kDictionaryMax most frequent first.
std::vector<UpperCount> CountUppers(std::span<const uint16_t> uppers, int lower_bits) {
  std::vector<UpperCount> counts;
  for (const uint16_t finest : uppers) {
    const auto upper = static_cast<uint16_t>(finest >> (lower_bits - kLowerBitsMin));
    if (counts.empty() || counts.back().upper != upper) counts.push_back({upper, 0});
    ++counts.back().count;
  }
  std::ranges::partial_sort(
      counts, counts.begin() + static_cast<ptrdiff_t>(std::min(kDictionaryMax, counts.size())),
      [](const UpperCount& a, const UpperCount& b) {
        return a.count != b.count ? a.count > b.count : a.upper < b.upper;
      });
  return counts;
}

struct CutCost {
  Cut cut;
  size_t bits = SIZE_MAX;  // of the sample
};

CutCost CostAt(std::span<const uint16_t> uppers, int lower_bits) {
  const std::vector<UpperCount> counts = CountUppers(uppers, lower_bits);
  CutCost cost{{lower_bits, {}}, 0};
  size_t exceptions = uppers.size();
  for (size_t i = 0; i < std::min(kDictionaryMax, counts.size()); ++i) {
    cost.cut.dictionary.push_back(counts[i].upper);
    exceptions -= counts[i].count;
  }
  cost.bits = uppers.size() * static_cast<size_t>(lower_bits + cost.cut.code_width()) +
              exceptions * kExceptionBits;
  return cost;
}

Cut BestCut(std::span<const uint64_t> values) {
  const std::vector<uint16_t> uppers = SortedUppers(values);
  CutCost best;
  for (int lower_bits = kLowerBitsMin; lower_bits <= kLowerBitsMax; ++lower_bits) {
    CutCost cost = CostAt(uppers, lower_bits);
    if (cost.bits < best.bits) best = std::move(cost);
  }
  return best.cut;
}

// Appends the exceptions. Their code is that of the first entry.
void AppendExceptions(std::span<const uint64_t> values, const Cut& cut,
                      std::vector<uint64_t>& codes, Bytes& out) {
  Bytes exceptions;
  ByteWriter writer(exceptions);
  size_t count = 0;
  size_t next_row = 0;
  for (size_t row = 0; row < values.size(); ++row) {
    codes[row] = cut.CodeOf(values[row]);
    if (codes[row] < cut.dictionary.size()) continue;
    codes[row] = 0;
    writer.Varint(row - next_row);
    writer.Fixed(static_cast<uint16_t>(values[row] >> cut.lower_bits));
    next_row = row + 1;
    ++count;
  }
  ByteWriter(out).Varint(count);
  ByteWriter(out).Raw(exceptions);
}

// ---- decoding

struct Header {
  int lower_bits = 0;
  int code_width = 0;
  uint64_t entries = 0;
  std::array<uint64_t, kDictionaryMax> uppers{};  // in their place above the lower bits
};

bool ReadHeader(ByteReader& reader, Header& header) {
  header.lower_bits = reader.Fixed<uint8_t>();
  header.entries = reader.Fixed<uint8_t>();
  if (header.lower_bits < kLowerBitsMin || header.lower_bits > kLowerBitsMax) return false;
  if (header.entries < 1 || header.entries > kDictionaryMax) return false;
  for (size_t i = 0; i < header.entries; ++i) {
    header.uppers[i] = uint64_t{reader.Fixed<uint16_t>()} << header.lower_bits;
  }
  header.code_width = BitWidth(header.entries - 1);
  return reader.ok();
}

bool ReadVector(ByteReader& reader, const Header& header, std::span<uint64_t> out) {
  const ByteSpan codes = reader.Raw(LaneShape(out.size(), header.code_width).bytes());
  const ByteSpan lowers = reader.Raw(LaneShape(out.size(), header.lower_bits).bytes());
  if (!reader.ok()) return false;
  alignas(64) std::array<uint64_t, kVectorValues> code_words;
  const std::span<uint64_t> code_of(code_words.data(), out.size());
  UnpackLanes(codes, header.code_width, 0, code_of);
  if (std::ranges::max(code_of) >= header.entries) return false;
  UnpackLanes(lowers, header.lower_bits, 0, out);
  for (size_t i = 0; i < out.size(); ++i) out[i] |= header.uppers[code_of[i]];
  return true;
}

// False also for an exception with another code than 0.
bool PatchExceptions(ByteReader reader, uint64_t exceptions, const Header& header,
                     std::span<uint64_t> out) {
  uint64_t row = 0;
  for (uint64_t i = 0; i < exceptions; ++i) {
    const uint64_t gap = reader.Varint();
    const auto upper = reader.Fixed<uint16_t>();
    if (!reader.ok() || gap >= out.size() - row) return false;
    row += gap;
    const uint64_t lower = out[row] & LowBits(header.lower_bits);
    if ((header.uppers[0] | lower) != out[row]) return false;
    out[row] = lower | (uint64_t{upper} << header.lower_bits);
    ++row;
  }
  return true;
}

}  // namespace

void EncodeAlpRd(std::span<const uint64_t> values, Bytes& out) {
  if (values.empty()) return;
  const Cut cut = BestCut(values);
  ByteWriter writer(out);
  writer.Fixed(static_cast<uint8_t>(cut.lower_bits));
  writer.Fixed(static_cast<uint8_t>(cut.dictionary.size()));
  for (const uint16_t upper : cut.dictionary) writer.Fixed(upper);
  std::vector<uint64_t> codes(values.size());
  AppendExceptions(values, cut, codes, out);
  for (size_t row = 0; row < values.size(); row += kVectorValues) {
    const size_t count = std::min(kVectorValues, values.size() - row);
    PackLanes(std::span(codes).subspan(row, count), cut.code_width(), out);
    PackLanes(values.subspan(row, count), cut.lower_bits, out);
  }
}

bool DecodeAlpRd(ByteReader& reader, std::span<uint64_t> out) {
  if (out.empty()) return true;
  Header header;
  if (!ReadHeader(reader, header)) return false;
  const uint64_t exceptions = reader.Varint();
  if (exceptions > out.size()) return false;
  const ByteReader at_exceptions = reader;
  for (uint64_t i = 0; i < exceptions && reader.ok(); ++i) {
    reader.Varint();
    reader.Fixed<uint16_t>();
  }
  for (std::span<uint64_t> rest = out; !rest.empty();) {
    const std::span<uint64_t> vector = rest.first(std::min(kVectorValues, rest.size()));
    if (!ReadVector(reader, header, vector)) return false;
    rest = rest.subspan(vector.size());
  }
  return PatchExceptions(at_exceptions, exceptions, header, out);
}

}  // namespace luma::encoding
