#include "encoding/fsst_symbols.h"

#include "base/check.h"

namespace luma::encoding {

SymbolTable::SymbolTable() : short_(size_t{1} << 16), long_(size_t{1} << kPlaceBits) {
  symbols_.reserve(kSymbolCountMax);
}

bool SymbolTable::Add(const Symbol& symbol) {
  LUMA_DCHECK(symbol.length >= 1 && symbol.length <= kSymbolBytesMax);
  if (symbols_.size() == kSymbolCountMax) return false;
  const Match match{static_cast<uint8_t>(symbols_.size()), symbol.length};
  const bool added = symbol.length == 1   ? AddSingle(symbol, match)
                     : symbol.length == 2 ? AddPair(symbol, match)
                                          : AddLong(symbol, match);
  if (added) symbols_.push_back(symbol);
  return added;
}

bool SymbolTable::AddSingle(const Symbol& symbol, Match match) {
  Match& single = single_[symbol.bytes];
  if (single.code != kEscapeCode) return false;
  single = match;
  for (size_t second = 0; second < 256; ++second) {
    Match& pair = short_[symbol.bytes | (second << 8)];
    if (pair.length == 1) pair = match;
  }
  return true;
}

bool SymbolTable::AddPair(const Symbol& symbol, Match match) {
  Match& pair = short_[symbol.bytes];
  if (pair.length == 2) return false;
  pair = match;
  return true;
}

bool SymbolTable::AddLong(const Symbol& symbol, Match match) {
  LongPlace& place = long_[PlaceOf(symbol.bytes)];
  if (place.match.length != kFree) return false;
  place = {symbol.bytes, ~uint64_t{0} >> (64 - 8 * symbol.length), match};
  return true;
}

}  // namespace luma::encoding
