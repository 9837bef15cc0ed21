// Counts over the labels of many series: which metrics and labels make them many.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ranking.h"
#include "model/labels.h"

namespace luma::prom {

// Thread-compatible. Lifetime: the labels that were added outlive it.
class LabelStatistics {
 public:
  void Add(LabelsView labels);

  uint64_t series() const { return series_; }
  uint64_t label_pairs() const { return pairs_.size(); }
  Ranking SeriesByMetric(size_t limit) const;
  Ranking ValuesByLabel(size_t limit) const;
  Ranking ValueBytesByLabel(size_t limit) const;
  Ranking SeriesByPair(size_t limit) const;  // "name=value"

 private:
  struct PairHash {
    size_t operator()(const std::pair<std::string_view, std::string_view>& pair) const {
      return std::hash<std::string_view>()(pair.first) * 31 +
             std::hash<std::string_view>()(pair.second);
    }
  };

  uint64_t series_ = 0;
  std::unordered_map<std::string_view, uint64_t> metrics_;
  std::unordered_map<std::pair<std::string_view, std::string_view>, uint64_t, PairHash> pairs_;
};

}  // namespace luma::prom
