#include "storage/metrics/label_index.h"

#include <array>

namespace luma::storage {

PairId LabelIndex::Intern(PairFragment fragment) {
  if (const auto found = by_fragment_.find(fragment); found != by_fragment_.end()) {
    return PairId{*found};
  }
  const auto number = static_cast<uint32_t>(pairs_.size());
  pairs_.push_back({.fragment = arena_.Copy(fragment), .postings = {}});
  by_fragment_.insert(number);
  const std::string_view name = Label(PairId{number}).name;
  auto entry = names_.find(name);
  if (entry == names_.end()) entry = names_.try_emplace(std::string(name)).first;
  entry->second.push_back(PairId{number});
  return PairId{number};
}

std::optional<PairId> LabelIndex::Find(LabelRef label) const {
  std::string fragment;
  std::array<LabelRef, 1> labels = {label};
  if (AppendCanonical(labels, fragment) != LabelsOutcome::kOk) return std::nullopt;
  const auto found = by_fragment_.find(PairFragment(fragment));
  if (found == by_fragment_.end()) return std::nullopt;
  return PairId{*found};
}

const std::vector<PairId>& LabelIndex::PairsOf(std::string_view name) const {
  static const std::vector<PairId> none;
  const auto found = names_.find(name);
  return found == names_.end() ? none : found->second;
}

void LabelIndex::Filter(const Matcher& matcher, SeriesBitmap& ids) const {
  // Series without the label are in no postings. They match exactly if "" does; then the postings
  // that tell are those of the values that do not match.
  if (matcher.MatchesEmpty()) {
    ids -= SeriesWith(matcher, false);
  } else {
    ids &= SeriesWith(matcher, true);
  }
}

SeriesBitmap LabelIndex::SeriesWith(const Matcher& matcher, bool verdict) const {
  SeriesBitmap series;
  if (verdict && !matcher.literals().empty()) {
    for (const std::string& value : matcher.literals()) {
      if (const auto pair = Find({matcher.name(), value})) At(*pair).postings.AddTo(series);
    }
    return series;
  }
  for (const PairId pair : PairsOf(matcher.name())) {
    if (matcher.Matches(Label(pair).value) == verdict) At(pair).postings.AddTo(series);
  }
  return series;
}

size_t LabelIndex::allocated_bytes() const {
  size_t bytes = arena_.allocated_bytes() + pairs_.size() * sizeof(Pair) +
                 by_fragment_.bucket_count() * (sizeof(uint32_t) + 1);
  for (const Pair& pair : pairs_) bytes += pair.postings.allocated_bytes();
  for (const auto& [name, pairs] : names_) {
    bytes += name.capacity() + pairs.capacity() * sizeof(PairId);
  }
  return bytes;
}

}  // namespace luma::storage
