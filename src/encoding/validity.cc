#include "encoding/validity.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace luma::encoding {
namespace {

constexpr uint8_t kRawBits = 0;
constexpr uint8_t kRunLengths = 1;

bool IsValid(const uint64_t* words, uint32_t row) {
  return ((words[row / 64] >> (row % 64)) & 1) != 0;
}

// The first row from `row` on whose bit differs from `valid`, or row_count.
uint32_t RunEnd(const uint64_t* words, uint32_t row, uint32_t row_count, bool valid) {
  while (row < row_count) {
    const uint64_t differing = (valid ? ~words[row / 64] : words[row / 64]) >> (row % 64);
    if (differing != 0) {
      return std::min<uint64_t>(row_count, uint64_t{row} + std::countr_zero(differing));
    }
    if (row / 64 == (row_count - 1) / 64) return row_count;
    row = (row / 64 + 1) * 64;
  }
  return row_count;
}

// Lengths of alternating runs, the first of valid rows (so it may be 0).
void AppendRuns(const uint64_t* words, uint32_t row_count, Bytes& out) {
  ByteWriter writer(out);
  bool valid = true;
  for (uint32_t row = 0; row < row_count; valid = !valid) {
    const uint32_t end = RunEnd(words, row, row_count, valid);
    writer.Varint(end - row);
    row = end;
  }
}

void AppendRawBits(const uint64_t* words, uint32_t row_count, Bytes& out) {
  const size_t begin = out.size();
  ByteWriter(out).Raw({reinterpret_cast<const std::byte*>(words), (size_t{row_count} + 7) / 8});
  if (row_count % 8 != 0) out.back() &= static_cast<std::byte>((1u << (row_count % 8)) - 1);
  LUMA_DCHECK(out.size() == begin + (size_t{row_count} + 7) / 8);
}

void SetBits(uint64_t* words, uint64_t begin, uint64_t end) {
  for (uint64_t row = begin; row < end;) {
    const uint64_t word_end = std::min(end, (row / 64 + 1) * 64);
    const uint64_t length = word_end - row;
    const uint64_t ones = length == 64 ? ~uint64_t{0} : (uint64_t{1} << length) - 1;
    words[row / 64] |= ones << (row % 64);
    row = word_end;
  }
}

bool ReadRuns(ByteReader& reader, uint32_t row_count, uint64_t* words) {
  bool valid = true;
  for (uint64_t row = 0; row < row_count; valid = !valid) {
    const uint64_t length = reader.Varint();
    if (!reader.ok() || length > row_count - row) return false;
    if (length == 0 && row > 0) return false;
    if (valid) SetBits(words, row, row + length);
    row += length;
  }
  return true;
}

bool ReadRawBits(ByteReader& reader, uint32_t row_count, uint64_t* words) {
  const ByteSpan bytes = reader.Raw((size_t{row_count} + 7) / 8);
  if (!reader.ok()) return false;
  if (!bytes.empty()) std::memcpy(words, bytes.data(), bytes.size());
  const int used = row_count % 8;
  return used == 0 || (bytes.back() >> used) == std::byte{0};
}

template <size_t kBytes>
void CompactOf(const ColumnSpan& column, std::byte* out) {
  for (uint32_t row = 0; row < column.count; ++row) {
    if (!IsValid(column.validity, row)) continue;
    std::memcpy(out, column.values + size_t{row} * kBytes, kBytes);
    out += kBytes;
  }
}

// From the back, so that a value is moved before its place is overwritten: the k-th value belongs
// to row k or a later one.
template <size_t kBytes>
void ExpandOf(const uint64_t* words, uint32_t row_count, std::byte* values) {
  size_t left = CountValid(words, row_count);
  for (size_t row = row_count; row-- > 0;) {
    if (IsValid(words, static_cast<uint32_t>(row))) {
      --left;
      std::memmove(values + row * kBytes, values + left * kBytes, kBytes);
    } else {
      std::memset(values + row * kBytes, 0, kBytes);
    }
  }
}

}  // namespace

uint32_t CountValid(const uint64_t* words, uint32_t row_count) {
  uint32_t count = 0;
  for (uint32_t word = 0; word < row_count / 64; ++word) {
    count += static_cast<uint32_t>(std::popcount(words[word]));
  }
  if (row_count % 64 == 0) return count;
  const uint64_t used = (uint64_t{1} << (row_count % 64)) - 1;
  return count + static_cast<uint32_t>(std::popcount(words[row_count / 64] & used));
}

void EncodeValidity(const uint64_t* words, uint32_t row_count, Bytes& out) {
  const size_t begin = out.size();
  out.push_back(static_cast<std::byte>(kRunLengths));
  AppendRuns(words, row_count, out);
  if (out.size() - begin - 1 <= (size_t{row_count} + 7) / 8) return;
  out.resize(begin);
  out.push_back(static_cast<std::byte>(kRawBits));
  AppendRawBits(words, row_count, out);
}

bool DecodeValidity(ByteReader& reader, uint32_t row_count, AlignedBuffer& words) {
  const auto kind = reader.Fixed<uint8_t>();
  words = AlignedBuffer(ValidityWords(row_count) * sizeof(uint64_t));
  if (words.size() > 0) std::memset(words.data(), 0, words.size());
  if (kind == kRunLengths) return ReadRuns(reader, row_count, words.As<uint64_t>());
  return kind == kRawBits && ReadRawBits(reader, row_count, words.As<uint64_t>());
}

void CompactValues(const ColumnSpan& column, std::byte* out) {
  switch (ValueBytes(column.type)) {
    case 1:
      return CompactOf<1>(column, out);
    case 2:
      return CompactOf<2>(column, out);
    case 4:
      return CompactOf<4>(column, out);
    case 8:
      return CompactOf<8>(column, out);
    default:
      return CompactOf<16>(column, out);
  }
}

void ExpandValues(const uint64_t* words, uint32_t row_count, size_t value_bytes,
                  std::byte* values) {
  switch (value_bytes) {
    case 1:
      return ExpandOf<1>(words, row_count, values);
    case 2:
      return ExpandOf<2>(words, row_count, values);
    case 4:
      return ExpandOf<4>(words, row_count, values);
    case 8:
      return ExpandOf<8>(words, row_count, values);
    default:
      return ExpandOf<16>(words, row_count, values);
  }
}

}  // namespace luma::encoding
