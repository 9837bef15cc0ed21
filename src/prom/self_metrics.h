// The metrics of the server about itself as /api/v1/status/self_metrics has them: Prometheus'
// protobuf message MetricFamily in protobuf's JSON.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "model/matcher.h"
#include "prom/json_writer.h"

namespace luma::prom {

// Writes the families of `page`, text that MetricsRegistry::Text wrote, whose names match `names`;
// all of them when that is null. Errors: kInvalidArgument for another page.
Status WriteSelfMetrics(std::string_view page, const Matcher* names, JsonWriter& json);

}  // namespace luma::prom
