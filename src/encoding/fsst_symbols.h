// The symbols of FSST, one to eight bytes each, and the search for the longest one that a text
// begins with. After Boncz, Neumann and Leis, "FSST: Fast Random Access String Compression", VLDB
// 2020, sections 4.2 and 5.1. Bytes: docs/formats/fsst.md.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace luma::encoding {

constexpr size_t kSymbolBytesMax = 8;
constexpr size_t kSymbolCountMax = 255;
constexpr uint8_t kEscapeCode = 255;  // the next byte stands for itself

struct Symbol {
  uint64_t bytes = 0;  // the first one lowest, zero above `length`
  uint8_t length = 0;  // 1..kSymbolBytesMax
  bool operator==(const Symbol&) const = default;
};

// The first bytes of `text` as a word, zero above its end.
inline uint64_t LoadTextWord(const char* text, size_t length) {
  uint64_t word = 0;
  if (length >= sizeof(word)) return LoadLe<uint64_t>(reinterpret_cast<const std::byte*>(text));
  std::memcpy(&word, text, length);
  return word;
}

// Threads: reads from any. A symbol's code is its index in symbols().
class SymbolTable {
 public:
  struct Match {
    uint8_t code = kEscapeCode;  // kEscapeCode: no symbol fits, take one byte
    uint8_t length = 1;
  };

  SymbolTable();

  // False: the table is full, has the symbol, or holds another one where this would be looked up.
  // Symbols of three bytes and more have one place for each hash of their first three, so that a
  // lookup is one comparison; whoever adds the most useful ones first loses little.
  bool Add(const Symbol& symbol);

  std::span<const Symbol> symbols() const { return symbols_; }

  // The longest symbol that a text of `length` bytes (at least 1) begins with, of those that are
  // found; `word` is LoadTextWord() of it.
  Match Longest(uint64_t word, size_t length) const {
    const LongPlace& place = long_[PlaceOf(word)];
    if (place.match.length <= length && ((word ^ place.bytes) & place.mask) == 0) {
      return place.match;
    }
    return length > 1 ? short_[word & 0xffff] : single_[word & 0xff];
  }

 private:
  static constexpr int kPlaceBits = 11;
  static constexpr uint8_t kFree = kSymbolBytesMax + 1;  // longer than what any text is said to be

  struct LongPlace {
    uint64_t bytes = 0;
    uint64_t mask = 0;
    Match match{kEscapeCode, kFree};
  };

  static size_t PlaceOf(uint64_t word) {
    constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;
    return static_cast<size_t>(((word & 0xffffff) * kMultiplier) >> (64 - kPlaceBits));
  }
  bool AddSingle(const Symbol& symbol, Match match);
  bool AddPair(const Symbol& symbol, Match match);
  bool AddLong(const Symbol& symbol, Match match);

  std::vector<Symbol> symbols_;
  std::array<Match, 256> single_;
  std::vector<Match> short_;     // by the first two bytes: the symbol of two, or of one
  std::vector<LongPlace> long_;  // by the hash of the first three bytes
};

// Calls fn(match, text at the match) for the codes that `text` gets, in order.
template <typename Fn>
void ForEachMatch(const SymbolTable& table, std::string_view text, Fn&& fn) {
  while (!text.empty()) {
    const uint64_t word = LoadTextWord(text.data(), text.size());
    const SymbolTable::Match match = table.Longest(word, std::min(text.size(), kSymbolBytesMax));
    fn(match, word);
    text.remove_prefix(match.length);
  }
}

}  // namespace luma::encoding
