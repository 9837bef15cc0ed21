// Exemplars as /api/v1/query_exemplars gives them.
#pragma once

#include <cstdint>
#include <span>

#include "model/exemplar_source.h"
#include "prom/json_writer.h"

namespace luma::prom {

// [{"seriesLabels":{...},"exemplars":[{"labels":{...},"value":"6","timestamp":1600096945.479}]}]
void WriteExemplars(std::span<const SeriesExemplars> all, JsonWriter& json);
// About how much text that is.
uint64_t ExemplarsBytes(std::span<const SeriesExemplars> all);

}  // namespace luma::prom
