// Labels of scraped series: how they meet those of the target, and what they may be.
#pragma once

#include <vector>

#include "base/status.h"
#include "model/labels.h"
#include "prom/scrape/scrape_config.h"

namespace luma::prom {

// Adds the labels of the target, which win: scraped ones in their way become exported_<name>.
void TakeTargetLabels(const Labels& target, LabelBuilder& labels);

// The labels of a series before metric_relabel_configs. Errors: kInvalidArgument for two of one
// name.
Status AddTargetLabels(const std::vector<LabelRef>& scraped, const Labels& target,
                       bool honor_labels, LabelBuilder& labels);

// Whether a series may have them: its names, then the limits. Errors: kInvalidArgument and
// kTooLarge, in Prometheus' words.
Status CheckScrapedLabels(const LabelBuilder& labels, const ScrapeConfig& config);

}  // namespace luma::prom
