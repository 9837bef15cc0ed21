// Label pairs, each stored once, and the series that carry them.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <roaring/roaring.hh>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "storage/metrics/byte_arena.h"
#include "storage/metrics/postings.h"

namespace luma::storage {

enum class PairId : uint32_t {};

// A pair's part of canonical labels (docs/formats/labels.md): its name and value, both with length.
// Canonical labels are the fragments of their pairs, one after another.
using PairFragment = std::string_view;

// Only grows: what it returns by reference or as a string_view stays valid for its life.
// Thread-compatible.
class LabelIndex {
 public:
  LabelIndex() = default;
  LabelIndex(const LabelIndex&) = delete;
  LabelIndex& operator=(const LabelIndex&) = delete;

  PairId Intern(PairFragment fragment);
  std::optional<PairId> Find(LabelRef label) const;
  void AddSeries(PairId pair, uint32_t series) { At(pair).postings.Add(series); }

  PairFragment Fragment(PairId pair) const { return At(pair).fragment; }
  LabelRef Label(PairId pair) const { return *LabelsView(Fragment(pair)).begin(); }
  const Postings& SeriesOf(PairId pair) const { return At(pair).postings; }

  // Each with its pairs, in order of their first appearance.
  using Names = std::map<std::string, std::vector<PairId>, std::less<>>;
  const Names& names() const { return names_; }
  const std::vector<PairId>& PairsOf(std::string_view name) const;

  // Takes from `ids` the series that `matcher` refuses.
  void Filter(const Matcher& matcher, SeriesBitmap& ids) const;

  size_t pair_count() const { return pairs_.size(); }
  size_t allocated_bytes() const;

 private:
  struct Pair {
    PairFragment fragment;  // in arena_
    Postings postings;
  };
  // The set holds pair numbers and looks their fragments up, so a pair costs it five bytes.
  struct FragmentHash {
    using is_transparent = void;
    const std::deque<Pair>* pairs;
    size_t operator()(uint32_t pair) const { return (*this)((*pairs)[pair].fragment); }
    size_t operator()(PairFragment fragment) const { return Hash64(AsBytes(fragment)); }
  };
  struct FragmentEqual {
    using is_transparent = void;
    const std::deque<Pair>* pairs;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(PairFragment a, uint32_t b) const { return a == (*pairs)[b].fragment; }
    bool operator()(uint32_t a, PairFragment b) const { return b == (*pairs)[a].fragment; }
  };

  Pair& At(PairId pair) { return pairs_[static_cast<uint32_t>(pair)]; }
  const Pair& At(PairId pair) const { return pairs_[static_cast<uint32_t>(pair)]; }
  // Series of the pairs of the matcher's name for which it gives `verdict`.
  SeriesBitmap SeriesWith(const Matcher& matcher, bool verdict) const;

  ByteArena arena_;
  std::deque<Pair> pairs_;
  boost::unordered_flat_set<uint32_t, FragmentHash, FragmentEqual> by_fragment_{
      0, FragmentHash{&pairs_}, FragmentEqual{&pairs_}};
  Names names_;
};

}  // namespace luma::storage
