// Texts with {{ ... }} in labels and annotations of alerts: Go's text/template with the functions
// of Prometheus.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "rules/template_value.h"

namespace luma::rules {

constexpr size_t kTemplateBytesMax = 256 << 10;
constexpr size_t kExpandedBytesMax = 1 << 20;      // also of every text on the way
constexpr uint64_t kExpansionBytesMax = 64 << 20;  // of all texts that are made and copied
constexpr size_t kTemplateSamplesMax = 50'000;     // that a query may give
constexpr int64_t kExpansionStepsMax = 1'000'000;  // nested ranges multiply
constexpr int kTemplateNestingMax = 100;

struct TemplateBlock;  // the parsed text

// What an alert gives a template: .Labels, .ExternalLabels, .ExternalURL, .Value, and $labels,
// $externalLabels, $externalURL, $value.
struct TemplateData {
  std::shared_ptr<const LabelMap> labels;
  std::shared_ptr<const LabelMap> external_labels;
  std::string external_url;
  double value = 0;
  HistogramPtr histogram = nullptr;  // then it is the value
  UnixMillis time = 0;               // of now() and of queries
  // Answers query "..."; an empty function makes that an error.
  std::function<Result<TemplateSamples>(std::string_view query)> query = {};
};

// Immutable. Threads: any.
class Template {
 public:
  // Understands actions, pipelines, variables, if, range, with, else, comments and trimming; not
  // define, template, block, break and continue. Errors: kInvalidArgument, in Go's words where they
  // are known: `unexpected EOF`, `function "x" not defined`, `undefined variable "$x"`.
  static Result<Template> Parse(std::string_view text);

  // Errors: kInvalidArgument for what cannot be computed, kTooLarge above the limits, and
  // those of the query. Blocks for queries.
  Result<std::string> Expand(const TemplateData& data) const;

 private:
  explicit Template(std::shared_ptr<const TemplateBlock> block) : block_(std::move(block)) {}

  std::shared_ptr<const TemplateBlock> block_;
};

}  // namespace luma::rules
