// Another MetricsSource under this name. Who derives from it answers some questions himself.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/metrics_source.h"

namespace luma {

// Threads: as the source.
class ForwardingMetricsSource : public MetricsSource {
 public:
  Result<std::vector<SeriesSamples>> Select(const Matchers& matchers, TimeRange range,
                                            const ReadLimits& limits) const override {
    return source().Select(matchers, range, limits);
  }
  Result<std::unique_ptr<SeriesParts>> SelectParts(const Matchers& matchers, TimeRange range,
                                                   const ReadLimits& limits) const override {
    return source().SelectParts(matchers, range, limits);
  }
  Result<std::vector<Labels>> Series(const Matchers& matchers, TimeRange range,
                                     const ReadLimits& limits) const override {
    return source().Series(matchers, range, limits);
  }
  Result<std::vector<std::string>> LabelNames(const Matchers& matchers, TimeRange range,
                                              const ReadLimits& limits) const override {
    return source().LabelNames(matchers, range, limits);
  }
  Result<std::vector<std::string>> LabelValues(std::string_view name, const Matchers& matchers,
                                               TimeRange range,
                                               const ReadLimits& limits) const override {
    return source().LabelValues(name, matchers, range, limits);
  }

 private:
  virtual const MetricsSource& source() const = 0;  // always the same
};

}  // namespace luma
