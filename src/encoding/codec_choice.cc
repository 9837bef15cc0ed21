#include "encoding/codec_choice.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "encoding/bit_packing.h"
#include "encoding/dictionary.h"
#include "encoding/integer_column.h"
#include "encoding/payload.h"

namespace luma::encoding {
namespace {

// Four stretches of 256 rows see both the fine structure of neighbours, which deltas need, and
// different parts of the block.
constexpr uint32_t kSampleStretches = 4;
constexpr uint32_t kSampleStretchRows = 256;

// Tried in this order; a later one must be smaller. Cheap to decode first.
constexpr std::array kCompactCandidates = {
    CodecId::kPlain,   CodecId::kForBitPack, CodecId::kDeltaBitPack, CodecId::kDeltaOfDelta,
    CodecId::kDecimal, CodecId::kAlpRd,      CodecId::kGorilla,      CodecId::kRle};

// Candidates that cannot win against what takes `bytes`, and are not tried for that.
bool IsHopeless(CodecId codec, size_t bytes, uint32_t rows) {
  if (codec == CodecId::kGorilla) return bytes <= rows;          // slow, hardly better
  return codec == CodecId::kAlpRd && bytes <= size_t{6} * rows;  // packs at least 48 bits
}

class Sample {
 public:
  explicit Sample(const ColumnSpan& column) : column_(column) {
    constexpr uint32_t kRows = kSampleStretches * kSampleStretchRows;
    if (column.count <= kRows) return;
    const size_t value_bytes = ValueBytes(column.type);
    rows_ = AlignedBuffer(kRows * value_bytes);
    const uint32_t step = (column.count - kSampleStretchRows) / (kSampleStretches - 1);
    for (uint32_t i = 0; i < kSampleStretches; ++i) {
      std::memcpy(rows_.data() + i * kSampleStretchRows * value_bytes,
                  column.values + size_t{i} * step * value_bytes, kSampleStretchRows * value_bytes);
    }
    column_ = {column.type, kRows, rows_.data(), nullptr};
  }
  const ColumnSpan& column() const { return column_; }

 private:
  ColumnSpan column_;
  AlignedBuffer rows_;
};

// Runs within runs win nothing, so kRle stops one level early.
bool MayNest(CodecId codec, int depth) {
  if (codec == CodecId::kRle) return depth < kNestingMax - 1;
  return !HasParts(codec) || depth < kNestingMax;
}

CodecChoice SmallestOnSample(const ColumnSpan& column, int depth) {
  const Sample sample(column);
  const uint32_t rows = sample.column().count;
  CodecChoice best(CodecId::kPlain);
  Bytes smallest;
  Bytes encoded;
  for (const CodecId codec : kCompactCandidates) {
    if (!CodecFits(codec, column.type)) continue;
    if (!MayNest(codec, depth)) continue;
    const bool is_first = codec == kCompactCandidates[0];
    if (!is_first && IsHopeless(codec, smallest.size(), rows)) continue;
    encoded.clear();
    const CodecId used =
        codec == CodecId::kDecimal
            ? EncodeDecimals(sample.column(), depth, encoded)
            : EncodePayload(codec, sample.column(), EncodeEffort::kCompact, depth, encoded);
    const bool is_smaller = codec == CodecId::kGorilla
                                ? SavesEnough(encoded.size(), smallest.size())
                                : encoded.size() < smallest.size();
    if (!is_first && !is_smaller) continue;
    best.codec = used;
    smallest.swap(encoded);
  }
  best.bytes = smallest.size() * column.count / rows;
  if (rows == column.count) best.payload = std::move(smallest);
  return best;
}

bool AllStringsEqual(const ColumnSpan& column) {
  const auto* strings = column.As<StringRef>();
  return std::all_of(strings + 1, strings + column.count,
                     [&](const StringRef& text) { return text.view() == strings[0].view(); });
}

// A dictionary pays when rows repeat: at most half of the strings distinct.
CodecId ChooseForStrings(const ColumnSpan& column, EncodeEffort effort, int depth) {
  if (effort == EncodeEffort::kFast || depth > 0) return CodecId::kPlain;
  const std::span<const StringRef> strings(column.As<StringRef>(), column.count);
  return BuildDictionary(strings, column.count / 2) ? CodecId::kDictionary : CodecId::kPlain;
}

struct Range {
  int64_t min = INT64_MAX;
  int64_t max = INT64_MIN;
  void Add(uint64_t value) {
    min = std::min(min, static_cast<int64_t>(value));
    max = std::max(max, static_cast<int64_t>(value));
  }
  int width() const { return BitWidth(static_cast<uint64_t>(max) - static_cast<uint64_t>(min)); }
};

CodecId ChooseFast(const ColumnSpan& column) {
  if (!IsIntegerType(column.type)) return CodecId::kPlain;
  const WideIntegers integers(column);
  if (!integers.fits()) return CodecId::kPlain;
  const auto values = integers.values();
  Range range;
  Range deltas;
  range.Add(values[0]);
  for (size_t i = 1; i < values.size(); ++i) {
    range.Add(values[i]);
    deltas.Add(values[i] - values[i - 1]);
  }
  if (deltas.width() + 1 < range.width()) return CodecId::kDeltaBitPack;
  const auto plain_width = static_cast<int>(8 * ValueBytes(column.type));
  return range.width() < plain_width ? CodecId::kForBitPack : CodecId::kPlain;
}

}  // namespace

bool AllEqual(const ColumnSpan& column) {
  if (column.count < 2) return true;
  if (column.type == PhysicalType::kBytes) return AllStringsEqual(column);
  // Each value equals the one before it: the array equals itself moved by one value.
  const size_t value_bytes = ValueBytes(column.type);
  return std::memcmp(column.values, column.values + value_bytes,
                     (size_t{column.count} - 1) * value_bytes) == 0;
}

CodecChoice ChooseCodec(const ColumnSpan& column, EncodeEffort effort, int depth) {
  if (AllEqual(column)) return CodecChoice(CodecId::kConstant);
  if (column.type == PhysicalType::kBytes) {
    return CodecChoice(ChooseForStrings(column, effort, depth));
  }
  return effort == EncodeEffort::kFast ? CodecChoice(ChooseFast(column))
                                       : SmallestOnSample(column, depth);
}

}  // namespace luma::encoding
