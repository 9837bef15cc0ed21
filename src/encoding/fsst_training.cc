#include "encoding/fsst_training.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

#include "base/hash.h"

namespace luma::encoding {
namespace {

constexpr size_t kSampleBytes = 16 << 10;
constexpr size_t kPieceBytesMax = 512;
// The paper's five generations: a symbol of eight bytes takes three to grow from single ones.
constexpr int kGenerations = 5;
// What a single byte without a symbol costs more than one with: its gain counts that often. Few of
// the rarer bytes would get a symbol otherwise, and each escape doubles its byte.
constexpr size_t kSingleByteWeight = 8;
// Rarer neighbours are chance: their symbol would not occur outside the sample.
constexpr uint32_t kPairCountMin = 3;

// In training a byte without symbol is a symbol as well: numbers from here on.
constexpr uint32_t kByteNumber = 256;
constexpr uint32_t kNumbers = 512;

Symbol SymbolOf(uint32_t number, std::span<const Symbol> symbols) {
  return number < kByteNumber ? symbols[number] : Symbol{number - kByteNumber, 1};
}

Symbol Joined(const Symbol& first, const Symbol& second) {
  const size_t length = std::min<size_t>(first.length + second.length, kSymbolBytesMax);
  if (first.length == kSymbolBytesMax) return first;
  const uint64_t bytes = first.bytes | (second.bytes << (8 * first.length));
  return {bytes & (~uint64_t{0} >> (64 - 8 * length)), static_cast<uint8_t>(length)};
}

// How often symbols, and pairs of neighbours, occur when the sample is coded with a table.
struct Counts {
  std::vector<uint32_t> singles = std::vector<uint32_t>(kNumbers);
  boost::unordered_flat_map<uint32_t, uint32_t> pairs;  // by first * kNumbers + second

  void AddPair(uint32_t first, uint32_t second) { ++pairs[first * kNumbers + second]; }
};

// A symbol also counts as its first byte, alone and behind its neighbour: what begins in the middle
// of a long symbol could not grow otherwise.
void CountPiece(const SymbolTable& table, std::string_view piece, Counts& counts) {
  constexpr uint32_t kNone = kNumbers;
  uint32_t previous = kNone;
  ForEachMatch(table, piece, [&](SymbolTable::Match match, uint64_t word) {
    const uint32_t byte = kByteNumber + static_cast<uint32_t>(word & 0xff);
    const uint32_t number = match.code == kEscapeCode ? byte : match.code;
    ++counts.singles[number];
    if (previous != kNone) counts.AddPair(previous, number);
    if (match.length > 1) {
      ++counts.singles[byte];
      if (previous != kNone) counts.AddPair(previous, byte);
    }
    previous = number;
  });
}

struct SymbolHash {
  size_t operator()(const Symbol& symbol) const {
    return Hash64(AsBytes({reinterpret_cast<const char*>(&symbol.bytes), sizeof(symbol.bytes)})) +
           symbol.length;
  }
};

struct Candidate {
  Symbol symbol;
  size_t gain;  // bytes of the sample that it stands for
};

// The most useful first; ties by value, so that a column always gets the same bytes.
std::vector<Candidate> Candidates(const Counts& counts, std::span<const Symbol> symbols) {
  boost::unordered_flat_map<Symbol, size_t, SymbolHash> gains;
  for (uint32_t number = 0; number < kNumbers; ++number) {
    if (counts.singles[number] == 0) continue;
    const Symbol symbol = SymbolOf(number, symbols);
    const size_t weight = symbol.length == 1 ? kSingleByteWeight : symbol.length;
    gains[symbol] += weight * counts.singles[number];
  }
  for (const auto& [pair, count] : counts.pairs) {
    const Symbol first = SymbolOf(pair / kNumbers, symbols);
    if (count < kPairCountMin || first.length == kSymbolBytesMax) continue;
    const Symbol joined = Joined(first, SymbolOf(pair % kNumbers, symbols));
    gains[joined] += joined.length * size_t{count};
  }
  std::vector<Candidate> candidates;
  for (const auto& [symbol, gain] : gains) candidates.push_back({symbol, gain});
  std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
    if (a.gain != b.gain) return a.gain > b.gain;
    return std::pair(a.symbol.length, a.symbol.bytes) > std::pair(b.symbol.length, b.symbol.bytes);
  });
  return candidates;
}

SymbolTable NextGeneration(const SymbolTable& table, std::span<const std::string_view> pieces) {
  Counts counts;
  for (const std::string_view piece : pieces) CountPiece(table, piece, counts);
  SymbolTable next;
  for (const Candidate& candidate : Candidates(counts, table.symbols())) next.Add(candidate.symbol);
  return next;
}

// Of equal lengths the order stays.
SymbolTable SortedByLength(const SymbolTable& table) {
  SymbolTable sorted;
  for (size_t length = 1; length <= kSymbolBytesMax; ++length) {
    for (const Symbol& symbol : table.symbols()) {
      if (symbol.length == length) sorted.Add(symbol);
    }
  }
  return sorted;
}

}  // namespace

std::vector<std::string_view> SampleStrings(std::span<const StringRef> strings) {
  size_t total = 0;
  for (const StringRef& text : strings) total += text.size();
  if (total == 0) return {};
  const size_t pieces_wanted = kSampleBytes / std::min(kPieceBytesMax, total / strings.size() + 1);
  const size_t step = strings.size() / pieces_wanted + 1;
  std::vector<std::string_view> pieces;
  size_t bytes = 0;
  for (size_t row = 0; row < strings.size() && bytes < 2 * kSampleBytes; row += step) {
    // Of a long string another piece each time, so that not only beginnings are seen.
    std::string_view text = strings[row].view();
    if (text.size() > kPieceBytesMax) {
      text = text.substr(pieces.size() * kPieceBytesMax % (text.size() - kPieceBytesMax));
    }
    pieces.push_back(text.substr(0, kPieceBytesMax));
    bytes += pieces.back().size();
  }
  return pieces;
}

SymbolTable TrainSymbols(std::span<const std::string_view> pieces) {
  SymbolTable table;
  for (int generation = 0; generation < kGenerations; ++generation) {
    table = NextGeneration(table, pieces);
  }
  return SortedByLength(table);
}

}  // namespace luma::encoding
