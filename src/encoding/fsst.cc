#include "encoding/fsst.h"

#include <array>
#include <optional>
#include <vector>

#include "encoding/for_bit_pack.h"

namespace luma::encoding {
namespace {

using LengthCounts = std::array<uint8_t, kSymbolBytesMax>;

void AppendSymbols(std::span<const Symbol> symbols, Bytes& out) {
  LengthCounts counts{};
  for (const Symbol& symbol : symbols) ++counts[symbol.length - 1];
  ByteWriter writer(out);
  for (const uint8_t count : counts) writer.Fixed(count);
  for (const Symbol& symbol : symbols) {
    writer.Raw({reinterpret_cast<const std::byte*>(&symbol.bytes), symbol.length});
  }
}

// Writes the codes of `text`, at most two bytes for each of its own; returns where they end.
std::byte* WriteCodes(const SymbolTable& table, std::string_view text, std::byte* at) {
  ForEachMatch(table, text, [&](SymbolTable::Match match, uint64_t word) {
    *at++ = static_cast<std::byte>(match.code);
    if (match.code == kEscapeCode) *at++ = static_cast<std::byte>(word);
  });
  return at;
}

// ---- decoding

// What the codes stand for. A code without a symbol has a length that no output has room for, so
// that the test of the room finds it.
class Expansions {
 public:
  Expansions() { lengths_.fill(kNoRoom); }

  // False: more symbols than there are codes, or not their bytes.
  bool Read(ByteReader& reader) {
    LengthCounts counts;
    for (uint8_t& count : counts) count = reader.Fixed<uint8_t>();
    size_t code = 0;
    for (size_t length = 1; length <= kSymbolBytesMax; ++length) {
      for (int i = 0; i < counts[length - 1]; ++i, ++code) {
        const ByteSpan symbol = reader.Raw(length);
        if (!reader.ok() || code == kSymbolCountMax) return false;
        std::memcpy(&words_[code], symbol.data(), length);
        lengths_[code] = length;
      }
    }
    return reader.ok();
  }

  uint64_t word(std::byte code) const { return words_[static_cast<uint8_t>(code)]; }
  uint64_t length(std::byte code) const { return lengths_[static_cast<uint8_t>(code)]; }

 private:
  static constexpr uint64_t kNoRoom = uint64_t{1} << 60;

  std::array<uint64_t, 256> words_{};
  std::array<uint64_t, 256> lengths_;
};

// Symbols are stored as whole words, so the output has that much room behind its end.
constexpr size_t kStoreBytes = sizeof(uint64_t);

// Four codes at a time, none of them an escape; a fifth of a string's codes are left for single
// steps where strings are as short as twenty codes.
constexpr size_t kStepCodes = 4;

bool HasEscape(uint32_t codes) {
  const uint32_t zero_where_escape = ~codes;
  return ((zero_where_escape - 0x01010101u) & ~zero_where_escape & 0x80808080u) != 0;
}

// Appends to an output whose size is known; every step checks its room before it writes.
class Expander {
 public:
  // `out` has kStoreBytes bytes behind `size`.
  Expander(const Expansions& expansions, std::byte* out, uint64_t size)
      : expansions_(expansions), out_(out), size_(size) {}

  uint64_t position() const { return position_; }

  // False: a code without symbol, an escape at the end, or more than the output holds.
  bool Expand(ByteSpan codes) {
    const std::byte* code = codes.data();
    const std::byte* const end = code + codes.size();
    while (code < end) {
      if (end - code >= ptrdiff_t{kStepCodes} && !HasEscape(LoadLe<uint32_t>(code))) {
        if (!ExpandStep(code)) return false;
        code += kStepCodes;
      } else if (*code != std::byte{kEscapeCode}) {
        if (!ExpandOne(*code++)) return false;
      } else {
        if (end - code < 2 || position_ == size_) return false;
        out_[position_++] = code[1];
        code += 2;
      }
    }
    return true;
  }

 private:
  bool ExpandOne(std::byte code) {
    const uint64_t next = position_ + expansions_.length(code);
    if (next > size_) return false;
    StoreLe(out_ + position_, expansions_.word(code));
    position_ = next;
    return true;
  }
  bool ExpandStep(const std::byte* codes) {
    std::array<uint64_t, kStepCodes + 1> positions;
    positions[0] = position_;
    for (size_t i = 0; i < kStepCodes; ++i) {
      positions[i + 1] = positions[i] + expansions_.length(codes[i]);
    }
    if (positions[kStepCodes] > size_) return false;
    for (size_t i = 0; i < kStepCodes; ++i) {
      StoreLe(out_ + positions[i], expansions_.word(codes[i]));
    }
    position_ = positions[kStepCodes];
    return true;
  }

  const Expansions& expansions_;
  std::byte* const out_;
  const uint64_t size_;
  uint64_t position_ = 0;
};

bool ExpandStrings(Expander& expander, std::span<const uint64_t> sizes, ByteReader& codes,
                   const char* heap, std::span<StringRef> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    const uint64_t begin = expander.position();
    if (sizes[i] > codes.remaining() || !expander.Expand(codes.Raw(sizes[i]))) return false;
    const uint64_t length = expander.position() - begin;
    if (length > UINT32_MAX) return false;
    out[i] = StringRef(heap + begin, static_cast<uint32_t>(length));
  }
  return codes.remaining() == 0;
}

}  // namespace

size_t FsstCodeBytes(const SymbolTable& table, std::span<const std::string_view> pieces) {
  size_t bytes = 0;
  for (const std::string_view piece : pieces) {
    ForEachMatch(table, piece, [&](SymbolTable::Match match, uint64_t) {
      bytes += match.code == kEscapeCode ? 2 : 1;
    });
  }
  return bytes;
}

void EncodeFsst(std::span<const StringRef> strings, const SymbolTable& table, Bytes& out) {
  if (strings.empty()) return;
  uint64_t bytes = 0;
  for (const StringRef& text : strings) bytes += text.size();
  AlignedBuffer codes(2 * bytes);
  std::vector<uint64_t> sizes(strings.size());
  std::byte* at = codes.data();
  for (size_t i = 0; i < strings.size(); ++i) {
    std::byte* const begin = at;
    at = WriteCodes(table, strings[i].view(), at);
    sizes[i] = static_cast<uint64_t>(at - begin);
  }
  AppendSymbols(table.symbols(), out);
  ByteWriter(out).Varint(bytes);
  EncodeForBitPack(sizes, Patching::kAllow, out);
  ByteWriter(out).Raw({codes.data(), at});
}

bool DecodeFsst(ByteReader& reader, std::span<StringRef> out, AlignedBuffer& heap) {
  if (out.empty()) return true;
  Expansions expansions;
  if (!expansions.Read(reader)) return false;
  const uint64_t bytes = reader.Varint();
  AlignedBuffer sizes(out.size() * sizeof(uint64_t));
  const std::span<uint64_t> code_bytes(sizes.As<uint64_t>(), out.size());
  if (!DecodeForBitPack(reader, code_bytes) || !reader.ok()) return false;
  if (bytes > kSymbolBytesMax * reader.remaining()) return false;
  heap = AlignedBuffer(bytes + kStoreBytes);
  Expander expander(expansions, heap.data(), bytes);
  ByteReader codes(reader.Raw(reader.remaining()));
  return ExpandStrings(expander, code_bytes, codes, heap.As<char>(), out) &&
         expander.position() == bytes;
}

}  // namespace luma::encoding
