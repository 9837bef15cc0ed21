// Points of the line protocol as samples of a batch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/sample.h"
#include "prom/push/line_parser.h"
#include "prom/push/push_request.h"
#include "prom/push/pushed_labels.h"

namespace luma::prom {

// What a timestamp of the line protocol counts.
enum class LinePrecision : uint8_t {
  kNanoseconds,
  kMicroseconds,
  kMilliseconds,
  kSeconds,
  kMinutes,
  kHours
};
// "ns", "n", "us", "u", "ms", "s", "m", "h"; "" is nanoseconds. Errors: kInvalidArgument.
Result<LinePrecision> ParseLinePrecision(std::string_view text);

struct LineDecodeOptions {
  LinePrecision precision = LinePrecision::kNanoseconds;
  UnixMillis now = 0;                // of points without a timestamp
  std::string_view database = {};    // the label `db` of points without such a tag; empty: none
  const PushedLabels& extra_labels;  // they replace tags
};

// What a text holds besides the samples in the batch.
struct LineSummary {
  uint64_t points = 0;           // lines that were read
  uint64_t lines_refused = 0;    // others
  std::string first_refusal;     // why; empty when none was refused
  uint64_t strings_ignored = 0;  // fields that are texts
};

// A field is a sample of the series {measurement}_{field}, its tags are the labels; times are
// rounded down to milliseconds. Thread-compatible. Lifetime: the options outlive it.
class LineDecoder {
 public:
  LineDecoder(const LineDecodeOptions& options, PushRequest& request)
      : options_(options), request_(request) {}

  // Adds the samples of `text` to the batch of the request, but for lines that cannot be read or
  // stored: of one whose labels cannot be, the fields before may have been added. Errors: those of
  // PushRequest::MakeRoom.
  Result<LineSummary> Decode(std::string_view text);

 private:
  Status AddPoint(const LineParser& point);
  // The labels of the point, sorted; the metric name is still to be set.
  void MakeLabels(const LineParser& point);
  void Refuse(const LineParser& line, std::string_view reason);

  const LineDecodeOptions& options_;
  PushRequest& request_;
  LineSummary summary_;
  // Of the point.
  std::vector<LabelRef> labels_;
  std::string metric_;
};

}  // namespace luma::prom
