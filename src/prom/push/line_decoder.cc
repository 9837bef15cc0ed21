#include "prom/push/line_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace luma::prom {
namespace {

constexpr char kSeparator = '_';
constexpr std::string_view kDatabaseLabel = "db";
constexpr size_t kShownLineBytes = 200;

constexpr int64_t kNanosPerMilli = 1'000'000;
constexpr int64_t kMicrosPerMilli = 1'000;

int64_t DivideDown(int64_t number, int64_t by) {
  const int64_t quotient = number / by;
  return number % by < 0 ? quotient - 1 : quotient;
}

int64_t MillisIn(LinePrecision precision) {
  switch (precision) {
    case LinePrecision::kSeconds:
      return 1'000;
    case LinePrecision::kMinutes:
      return 60'000;
    case LinePrecision::kHours:
      return 3'600'000;
    default:
      return 1;
  }
}

// nullopt when it is beyond what milliseconds can hold.
std::optional<UnixMillis> ToMillis(int64_t timestamp, LinePrecision precision) {
  if (precision == LinePrecision::kNanoseconds) return DivideDown(timestamp, kNanosPerMilli);
  if (precision == LinePrecision::kMicroseconds) return DivideDown(timestamp, kMicrosPerMilli);
  UnixMillis millis = 0;
  if (__builtin_mul_overflow(timestamp, MillisIn(precision), &millis)) return std::nullopt;
  return millis;
}

}  // namespace

Result<LinePrecision> ParseLinePrecision(std::string_view text) {
  if (text.empty() || text == "ns" || text == "n") return LinePrecision::kNanoseconds;
  if (text == "us" || text == "u" || text == "µ") return LinePrecision::kMicroseconds;
  if (text == "ms") return LinePrecision::kMilliseconds;
  if (text == "s") return LinePrecision::kSeconds;
  if (text == "m") return LinePrecision::kMinutes;
  if (text == "h") return LinePrecision::kHours;
  return Status::InvalidArgument("invalid precision: want=ns, us, ms, s, m or h got=", text);
}

Result<LineSummary> LineDecoder::Decode(std::string_view text) {
  LineParser parser(text);
  while (true) {
    const LineParser::Event event = parser.Next();
    if (event == LineParser::Event::kEnd) return std::move(summary_);
    if (event == LineParser::Event::kBadLine) {
      Refuse(parser, parser.error());
    } else {
      LUMA_RETURN_IF_ERROR(AddPoint(parser));
    }
  }
}

Status LineDecoder::AddPoint(const LineParser& point) {
  const UnixMillis now = options_.now - options_.now % MillisIn(options_.precision);
  const std::optional<UnixMillis> time =
      point.timestamp() ? ToMillis(*point.timestamp(), options_.precision) : now;
  if (!time) {
    Refuse(point, "time outside range");
    return Status::Ok();
  }
  MakeLabels(point);
  const auto name = std::ranges::find(labels_, kMetricNameLabel, &LabelRef::name);
  for (const LineField& field : point.fields()) {
    LUMA_RETURN_IF_ERROR(request_.MakeRoom());
    metric_.assign(point.measurement());
    metric_.push_back(kSeparator);
    metric_.append(field.key);
    name->value = metric_;
    const LabelsOutcome outcome = request_.batch().StartSeries(labels_);
    if (outcome != LabelsOutcome::kOk) {
      Refuse(point, LabelsOutcomeText(outcome));
      return Status::Ok();
    }
    request_.batch().AddSample({.timestamp = *time, .value = field.value});
  }
  ++summary_.points;
  summary_.strings_ignored += point.string_count();
  return Status::Ok();
}

// Sorted once, so that no field has to sort them again.
void LineDecoder::MakeLabels(const LineParser& point) {
  labels_.assign(point.tags().begin(), point.tags().end());
  const bool has_database =
      std::ranges::find(labels_, kDatabaseLabel, &LabelRef::name) != labels_.end();
  if (!has_database && !options_.database.empty()) {
    labels_.push_back({kDatabaseLabel, options_.database});
  }
  Replace(options_.extra_labels, labels_);
  labels_.push_back({kMetricNameLabel, {}});
  std::ranges::sort(labels_, {}, &LabelRef::name);
}

void LineDecoder::Refuse(const LineParser& line, std::string_view reason) {
  if (++summary_.lines_refused > 1) return;
  summary_.first_refusal =
      fmt::format("unable to parse '{}': {} (line {})", line.line().substr(0, kShownLineBytes),
                  reason, line.line_number());
}

}  // namespace luma::prom
