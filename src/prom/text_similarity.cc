#include "prom/text_similarity.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace luma::prom {
namespace {

// Of UTF-8: bytes that do not continue a character.
size_t CharactersIn(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<uint8_t>(c) & 0xc0) != 0x80; }));
}

// What greedy matching from `start`, where the first character fits, is worth. Negative when the
// pattern does not end within the text.
double ScoreFrom(std::u32string_view pattern, std::u32string_view text, size_t start) {
  const auto length = static_cast<double>(text.size());
  double score = 0;
  size_t matched = 0;
  size_t after_last = 0;  // one past the last match
  for (size_t at = start; matched < pattern.size();) {
    at = text.find(pattern[matched], at);
    if (at == std::u32string_view::npos) return -1;
    const size_t run_begin = at;
    while (matched < pattern.size() && at < text.size() && text[at] == pattern[matched]) {
      ++at;
      ++matched;
    }
    const auto run = static_cast<double>(at - run_begin);
    score += run * run - static_cast<double>(run_begin - after_last) / length;
    after_last = at;
  }
  return score - static_cast<double>(text.size() - after_last) / (2 * length);
}

// The characters of `a` that have an equal one of `b` near them, and those of `b`, each in order.
std::pair<std::u32string, std::u32string> CommonCharacters(std::u32string_view a,
                                                           std::u32string_view b) {
  const size_t reach = std::max<size_t>(std::max(a.size(), b.size()) / 2, 1) - 1;
  std::vector<bool> taken(b.size());
  std::u32string of_a;
  for (size_t i = 0; i < a.size(); ++i) {
    const size_t end = std::min(i + reach + 1, b.size());
    for (size_t j = i > reach ? i - reach : 0; j < end; ++j) {
      if (taken[j] || a[i] != b[j]) continue;
      taken[j] = true;
      of_a += a[i];
      break;
    }
  }
  std::u32string of_b;
  for (size_t j = 0; j < b.size(); ++j) {
    if (taken[j]) of_b += b[j];
  }
  return {of_a, of_b};
}

double JaroScore(std::u32string_view a, std::u32string_view b) {
  const auto [of_a, of_b] = CommonCharacters(a, b);
  if (of_a.empty()) return 0;
  const auto common = static_cast<double>(of_a.size());
  double moved = 0;
  for (size_t i = 0; i < of_a.size(); ++i) moved += of_a[i] == of_b[i] ? 0 : 1;
  return (common / static_cast<double>(a.size()) + common / static_cast<double>(b.size()) +
          (common - moved / 2) / common) /
         3;
}

}  // namespace

std::u32string CodePoints(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) == 0x80 && !points.empty()) {
      points.back() = (points.back() << 6) | (byte & 0x3f);
    } else {
      const unsigned mask = byte < 0x80 ? 0x7f : byte < 0xe0 ? 0x1f : byte < 0xf0 ? 0x0f : 0x07;
      points += static_cast<char32_t>(byte & mask);
    }
  }
  return points;
}

double SubsequenceScore(std::u32string_view pattern, std::u32string_view text) {
  constexpr double kOfUnequalTexts = 0.999;
  if (pattern.empty() || pattern == text) return 1;
  if (pattern.size() > text.size()) return 0;
  double best = -1;
  for (size_t start = text.find(pattern[0]); start <= text.size() - pattern.size();
       start = text.find(pattern[0], start + 1)) {
    best = std::max(best, ScoreFrom(pattern, text, start));
  }
  if (best < 0) return 0;
  const auto length = static_cast<double>(pattern.size());
  return best / (length * length) * kOfUnequalTexts;
}

double SubstringScore(std::string_view pattern, std::string_view text) {
  if (text.starts_with(pattern)) return 1;
  // Unlike the find of strings, linear for texts that nearly match everywhere.
  const void* const found = ::memmem(text.data(), text.size(), pattern.data(), pattern.size());
  if (found == nullptr) return 0;
  const auto at = static_cast<size_t>(static_cast<const char*>(found) - text.data());
  return 1 - 0.9 * static_cast<double>(CharactersIn(text.substr(0, at))) /
                 static_cast<double>(CharactersIn(text) - CharactersIn(pattern));
}

double JaroWinklerScore(std::u32string_view a, std::u32string_view b) {
  constexpr size_t kPrefixMax = 4;
  constexpr double kPrefixWeight = 0.1;
  if (a == b) return 1;
  if (a.empty() || b.empty()) return 0;
  if (a.size() > b.size()) std::swap(a, b);
  const double jaro = JaroScore(a, b);
  if (jaro == 0) return 0;
  size_t prefix = 0;
  while (prefix < std::min(kPrefixMax, a.size()) && a[prefix] == b[prefix]) ++prefix;
  return jaro + static_cast<double>(prefix) * kPrefixWeight * (1 - jaro);
}

}  // namespace luma::prom
