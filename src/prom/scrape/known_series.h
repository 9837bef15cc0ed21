// The series that a target has had: by what stands for them on its pages, and in storage.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "model/metrics_source.h"
#include "model/series_batch.h"
#include "prom/scrape/relabel.h"

namespace luma::prom {

// A series met before is found by the hash of the bytes that stand for it on the page, which gives
// its id in storage: its labels are neither read nor kept. It takes some 100 bytes. A place tells a
// series until places move. Thread-compatible.
class KnownSeries {
 public:
  static constexpr uint32_t kNoPlace = UINT32_MAX;

  struct Series {
    SeriesId id = kUnknownSeries;
    Hash128 hash;
    UnixMillis last_own_time = 0;
    uint32_t seen_round = 0;
    uint32_t tracked_round = 0;  // when it was last looked for staleness
  };

  size_t size() const { return series_.size(); }
  Series& operator[](uint32_t place) { return series_[place]; }
  const Series& operator[](uint32_t place) const { return series_[place]; }

  // kNoPlace is the place of bytes whose series is not wanted; nothing: they are new.
  std::optional<uint32_t> FindText(uint64_t hash) const;
  void AddText(uint64_t hash, uint32_t place) { by_text_.emplace(hash, place); }
  void ForgetTexts() { by_text_.clear(); }
  size_t text_count() const { return by_text_.size(); }

  // The place of the series with these labels, a new one if it was not there. Errors:
  // kInvalidArgument for labels that cannot be stored.
  Result<uint32_t> Add(const LabelBuilder& labels);
  // False for a series that storage does not know while it knows others: it was refused.
  bool IsStored(uint32_t place) const { return series_[place].id != kUnknownSeries || !gives_ids_; }
  // Starts the series in `batch`, by its id if there is one.
  void Start(uint32_t place, SeriesBatch& batch) const;

  // Series that storage knows by now need no labels any more.
  void ResolveIds(const MetricsSink& sink);

  // Where what was at each place is now; kNoPlace: it is gone. Texts of series that are gone, or
  // not wanted, are forgotten.
  using Moves = std::vector<uint32_t>;
  Moves Keep(const std::function<bool(uint32_t place)>& is_kept);
  // For when storage does not know ids any more that it gave: asks for all of them again. Series
  // that it has removed are gone: they had no samples lately.
  Moves RecheckIds(const MetricsSink& sink);

  // What it holds now, nearly.
  uint64_t bytes() const;

 private:
  std::vector<Series> series_;
  // By the hash of the bytes on the page, and by that of the labels.
  boost::unordered_flat_map<uint64_t, uint32_t> by_text_;
  boost::unordered_flat_map<uint64_t, uint32_t> by_labels_;
  std::unordered_map<uint32_t, std::string> unresolved_;  // place -> canonical labels
  uint64_t label_bytes_ = 0;                              // in unresolved_
  bool gives_ids_ = false;                                // the sink; some give none
};

}  // namespace luma::prom
