// What operators may do to stored metrics. storage implements it; tests use a fake.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "model/matcher.h"
#include "model/sample.h"

namespace luma {

// Threads: every method from any thread; each blocks for as long as its work takes. Errors besides
// those named: kUnavailable (rows are being moved: try again), kDiskFull, kIoError, kCorruption.
class MetricsAdmin {
 public:
  virtual ~MetricsAdmin() = default;

  // Deletes the samples in `range` of every series that one of `selectors` matches, and then the
  // series that have none left; gives the number of samples. Up to four million samples go in one
  // commit, more in several: after an error some may be gone, and it is to be repeated. Samples
  // that are written meanwhile may stay.
  virtual Result<uint64_t> DeleteSamples(const std::vector<Matchers>& selectors,
                                         TimeRange range) = 0;
  // Deleted samples leave the disk.
  virtual Status CleanTombstones() = 0;
  // The clock is right, though it jumped: data expires by it again.
  virtual void ConfirmClock() = 0;
};

}  // namespace luma
