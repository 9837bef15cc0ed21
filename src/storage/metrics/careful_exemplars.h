// The exemplars of a careful write: some may be stored already.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "model/series_batch.h"
#include "storage/engine.h"
#include "storage/metrics/exemplar_index.h"
#include "storage/metrics/exemplar_scan.h"
#include "storage/metrics/postings.h"

namespace luma::storage {

// Thread-compatible; no other write is on its way from Collect to Publish. Lifetime: batch and
// index outlive it.
class CarefulExemplars {
 public:
  CarefulExemplars(const SeriesBatch& batch, ExemplarIndex& index) : batch_(batch), index_(index) {}

  // `ids` are those of the series of the batch; kUnknownSeries is left out.
  void Collect(std::span<const SeriesId> ids);
  bool empty() const { return rows_.empty(); }
  // Finds out which are stored, but for those in cold runs, which are stored twice then: no write
  // waits for an object store to learn that an exemplar was told again. Errors: those of reading.
  Status LookUp(Transaction& transaction);
  // Those that are not stored. Errors: those of Transaction.
  Status Append(Transaction& transaction) const;
  // After the commit.
  void Publish();

 private:
  struct Row {
    SeriesId series;
    ExemplarKey key;
    double value;
    LabelsView labels;
    bool is_stored = false;
  };

  // Adds the series of the late ones to `late`; gives the times to look at.
  TimeRange FindLate(SeriesBitmap& late);
  void CompareWithStored(const ExemplarRow& stored);

  const SeriesBatch& batch_;
  ExemplarIndex& index_;
  uint64_t rows_lost_ = 0;  // before anything was looked up
  std::vector<Row> rows_;   // sorted by series and key, one of each
  // Newest stored exemplar of the late series that the index knows nothing of.
  boost::unordered_flat_map<uint64_t, UnixMillis> newest_stored_;
};

}  // namespace luma::storage
