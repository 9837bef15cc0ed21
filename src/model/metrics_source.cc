#include "model/metrics_source.h"

#include <utility>

namespace luma {
namespace {

// For sources that have everything in memory anyway.
class OnePart final : public SeriesParts {
 public:
  explicit OnePart(std::vector<SeriesSamples> series) : series_(std::move(series)) {}

  size_t count() const override { return 1; }
  Result<std::vector<SeriesSamples>> Read(size_t, ResultMemory*) override {
    return std::move(series_);
  }

 private:
  std::vector<SeriesSamples> series_;
};

}  // namespace

Result<std::unique_ptr<SeriesParts>> MetricsSource::SelectParts(const Matchers& matchers,
                                                                TimeRange range,
                                                                const ReadLimits& limits) const {
  LUMA_ASSIGN_OR_RETURN(std::vector<SeriesSamples> series, Select(matchers, range, limits));
  return std::unique_ptr<SeriesParts>(std::make_unique<OnePart>(std::move(series)));
}

}  // namespace luma
