// Exemplars of stored series: single observations that a sender picked out, with labels of their
// own, mostly the id of a trace. They are written with the samples: SeriesBatch::AddExemplar.
#pragma once

#include <span>
#include <vector>

#include "base/status.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "model/metrics_source.h"
#include "model/sample.h"

namespace luma {

struct Exemplar {
  UnixMillis timestamp = 0;
  double value = 0;
  Labels labels;
};

struct SeriesExemplars {
  Labels labels;
  std::vector<Exemplar> exemplars;  // ascending by time
};

// Threads: any; each call reads one consistent snapshot and may block on disk.
class ExemplarSource {
 public:
  virtual ~ExemplarSource() = default;
  // Those in `range` of the series that match any of `selectors`, ordered by CompareLabels; no
  // series without exemplars. Errors: those of MetricsSource::Select.
  virtual Result<std::vector<SeriesExemplars>> Exemplars(std::span<const Matchers> selectors,
                                                         TimeRange range,
                                                         const ReadLimits& limits) const = 0;
};

}  // namespace luma
