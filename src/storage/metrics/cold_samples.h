// What cold runs hold of late samples, read ahead: an object store may take its time, or be away,
// and nobody should wait for it who is not late himself.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/labels.h"
#include "storage/metrics/sample_scan.h"
#include "storage/run.h"

namespace luma::storage {

// Samples that a write has to compare with those that are stored.
struct LateSamples {
  SeriesBitmap series;
  TimeRange range;
};

// Rows of cold runs never change, but for being deleted: what was read of a run stays right for as
// long as the run is there. Thread-compatible. Holding it keeps the objects of these runs.
class ColdSamples {
 public:
  struct Sample {
    SeriesId series;
    UnixMillis timestamp;
    uint32_t position;  // in the run
    double value;
    std::optional<std::string> histogram;  // then there is no value
  };
  using IsWanted = std::function<bool(SeriesId, UnixMillis)>;

  // Of a run of luma.samples or luma.histograms that is no transaction's own.
  static bool IsCold(const RunView& run);

  // Reads what it does not have yet: of the cold runs of `table`, every `late` row that
  // `is_wanted`, and the newest of each series. Errors: kUnavailable when the object store does not
  // answer, and the others of SampleScan::Run; what was read before stays.
  Status Read(const TableSnapshot& table, const LateSamples& late, const IsWanted& is_wanted);

  // Whether Read has read all of this of `run`.
  bool Has(const RunView& run, const LateSamples& late) const;
  // Calls `visit` for what it has of `run`, but for rows that are deleted by now.
  void Visit(const RunView& run, const std::function<void(const Sample&)>& visit) const;

 private:
  struct ReadRun {
    RunPtr run;
    LateSamples late;
    std::vector<Sample> samples;
  };

  std::map<const Run*, ReadRun> runs_;  // tables number their runs alike
};

}  // namespace luma::storage
