#include "promql/histogram_functions.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <utility>

#include "model/utf8.h"
#include "promql/classic_histogram.h"
#include "promql/float_text.h"
#include "promql/label_edit.h"
#include "promql/quantile.h"
#include "promql/quoted_text.h"

namespace luma::promql {
namespace {

constexpr std::string_view kBoundLabel = "le";

std::optional<double> ParseBound(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double bound = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bound);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return bound;
}

struct BucketRow {
  double upper_bound;
  size_t row;
};
// The series that differ in "le" alone.
struct Histogram {
  Labels labels;                // without "le"
  std::vector<BucketRow> rows;  // ascending by bound
};

std::vector<Histogram> GroupBuckets(const VectorValue& vector, Annotations& annotations) {
  std::vector<Histogram> histograms;
  std::unordered_map<std::string, size_t> numbers;
  for (size_t row = 0; row < vector.size(); ++row) {
    const Labels& labels = vector.labels(row);
    const std::optional<double> bound = ParseBound(labels.Get(kBoundLabel));
    if (!bound) {
      annotations.WarnAboutMetric("bucket label \"le\" is missing or has a malformed value of " +
                                      QuotedText(labels.Get(kBoundLabel)),
                                  labels.metric_name());
      continue;
    }
    LabelEdit edit(labels);
    edit.Remove(kBoundLabel);
    Labels key = edit.Take().value();  // part of a valid set
    const auto [at, is_new] = numbers.try_emplace(std::string(key.canonical()), histograms.size());
    if (is_new) histograms.push_back({.labels = std::move(key), .rows = {}});
    histograms[at->second].rows.push_back({*bound, row});
  }
  for (Histogram& histogram : histograms) {
    std::sort(histogram.rows.begin(), histogram.rows.end(),
              [](const BucketRow& a, const BucketRow& b) {
                return std::pair(a.upper_bound, a.row) < std::pair(b.upper_bound, b.row);
              });
  }
  return histograms;
}

// Calls visit(step, buckets) for every step at which the histogram has any.
template <typename Visit>
void ForEachHistogram(const VectorValue& vector, const Histogram& histogram, Visit visit) {
  std::vector<Bucket> buckets;
  for (size_t step = 0; step < vector.step_count(); ++step) {
    buckets.clear();
    for (const BucketRow& bucket : histogram.rows) {
      if (!vector.Has(bucket.row, step)) continue;
      buckets.push_back({bucket.upper_bound, vector.At(bucket.row, step)});
    }
    if (!buckets.empty()) visit(step, buckets);
  }
}

double EstimateQuantile(double q, std::vector<Bucket>& buckets, const Histogram& histogram,
                        Annotations& annotations) {
  const QuantileEstimate estimate = BucketQuantile(q, buckets);
  if (estimate.forced_monotonic) {
    annotations.InformAboutMetric(
        "input to histogram_quantile needed to be fixed for monotonicity (see "
        "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)",
        histogram.labels.metric_name());
  }
  return estimate.value;
}

Result<VectorValue> HistogramQuantile(NodeEvaluator& evaluator, const Call& call) {
  Annotations& annotations = evaluator.context().annotations();
  LUMA_ASSIGN_OR_RETURN(const ScalarColumn q, evaluator.Scalar(*call.arguments[0]));
  LUMA_ASSIGN_OR_RETURN(const VectorValue vector, evaluator.Vector(*call.arguments[1]));
  WarnAboutQuantiles(q, annotations);
  LUMA_RETURN_IF_ERROR(evaluator.context().Book(vector.size(), vector.step_count()));
  VectorValue out(vector.step_count());
  for (const Histogram& histogram : GroupBuckets(vector, annotations)) {
    const size_t row = out.AddRow(histogram.labels, true);
    ForEachHistogram(vector, histogram, [&](size_t step, std::vector<Bucket>& buckets) {
      out.Set(row, step, EstimateQuantile(q[step], buckets, histogram, annotations));
    });
  }
  return out;
}

// As OpenMetrics writes them: whole numbers have a fraction too.
std::string QuantileText(double q) {
  std::string text = FloatText(q);
  if (std::isfinite(q) && text.find('.') == std::string::npos) text += ".0";
  return text;
}

// One series for each quantile, which becomes a label.
Result<VectorValue> HistogramQuantiles(NodeEvaluator& evaluator, const Call& call) {
  Annotations& annotations = evaluator.context().annotations();
  LUMA_ASSIGN_OR_RETURN(const VectorValue vector, evaluator.Vector(*call.arguments[0]));
  const std::string label = NodeEvaluator::String(*call.arguments[1]);
  if (label.empty() || !IsValidUtf8(label)) {
    return Status::InvalidArgument("invalid label name ", QuotedText(label));
  }
  const std::vector<Histogram> histograms = GroupBuckets(vector, annotations);
  VectorValue out(vector.step_count());
  for (size_t i = 2; i < call.arguments.size(); ++i) {
    LUMA_ASSIGN_OR_RETURN(const ScalarColumn q, evaluator.Scalar(*call.arguments[i]));
    WarnAboutQuantiles(q, annotations);
    LUMA_RETURN_IF_ERROR(evaluator.context().Book(histograms.size(), vector.step_count()));
    for (const Histogram& histogram : histograms) {
      std::unordered_map<uint64_t, size_t> rows;  // by the bits of the quantile
      Status status;
      ForEachHistogram(vector, histogram, [&](size_t step, std::vector<Bucket>& buckets) {
        const auto [at, is_new] = rows.try_emplace(std::bit_cast<uint64_t>(q[step]), out.size());
        if (is_new) {
          LabelEdit edit(histogram.labels);
          edit.Set(label, QuantileText(q[step]));
          Result<Labels> labels = edit.Take();
          if (!labels.ok()) status = labels.status();
          out.AddRow(labels.ok() ? *std::move(labels) : Labels(), true);
        }
        out.Set(at->second, step, EstimateQuantile(q[step], buckets, histogram, annotations));
      });
      LUMA_RETURN_IF_ERROR(status);
    }
  }
  return out;
}

Result<VectorValue> HistogramFraction(NodeEvaluator& evaluator, const Call& call) {
  LUMA_ASSIGN_OR_RETURN(const ScalarColumn lower, evaluator.Scalar(*call.arguments[0]));
  LUMA_ASSIGN_OR_RETURN(const ScalarColumn upper, evaluator.Scalar(*call.arguments[1]));
  LUMA_ASSIGN_OR_RETURN(const VectorValue vector, evaluator.Vector(*call.arguments[2]));
  LUMA_RETURN_IF_ERROR(evaluator.context().Book(vector.size(), vector.step_count()));
  VectorValue out(vector.step_count());
  for (const Histogram& histogram : GroupBuckets(vector, evaluator.context().annotations())) {
    const size_t row = out.AddRow(histogram.labels, true);
    ForEachHistogram(vector, histogram, [&](size_t step, std::vector<Bucket>& buckets) {
      out.Set(row, step, BucketFraction(lower[step], upper[step], buckets));
    });
  }
  return out;
}

// Floats have no count, sum or deviation of observations.
Result<VectorValue> OfNativeHistograms(NodeEvaluator& evaluator, const Call& call) {
  LUMA_RETURN_IF_ERROR(evaluator.Vector(*call.arguments[0]).status());
  return VectorValue(evaluator.steps().count);
}

}  // namespace

VectorFunction FindHistogramFunction(std::string_view name) {
  if (name == "histogram_quantile") return HistogramQuantile;
  if (name == "histogram_quantiles") return HistogramQuantiles;
  if (name == "histogram_fraction") return HistogramFraction;
  for (const std::string_view native : {"histogram_avg", "histogram_count", "histogram_stddev",
                                        "histogram_stdvar", "histogram_sum"}) {
    if (name == native) return OfNativeHistograms;
  }
  return nullptr;
}

}  // namespace luma::promql
