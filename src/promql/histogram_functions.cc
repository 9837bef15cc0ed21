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
#include "promql/native_histogram.h"
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
// A histogram in either form: the classic series that differ in "le" alone, and the native one.
struct Histogram {
  Labels labels;                    // without the "le" of buckets
  std::vector<BucketRow> rows;      // ascending by bound
  std::vector<size_t> native_rows;  // of one series, whose samples came from several places
};

// Finds the histograms of a vector.
class HistogramGrouping {
 public:
  HistogramGrouping(const VectorValue& vector, Annotations& annotations)
      : vector_(vector), annotations_(annotations) {
    for (size_t row = 0; row < vector.size(); ++row) AddRow(row);
    for (Histogram& histogram : histograms_) {
      std::sort(histogram.rows.begin(), histogram.rows.end(),
                [](const BucketRow& a, const BucketRow& b) {
                  return std::pair(a.upper_bound, a.row) < std::pair(b.upper_bound, b.row);
                });
    }
  }
  std::vector<Histogram> Take() { return std::move(histograms_); }

 private:
  void AddRow(size_t row) {
    bool has_floats = !vector_.HasHistograms(row);
    bool has_histograms = false;
    if (!has_floats) {
      ForEachPresent(vector_, row, [&](size_t step) {
        (vector_.Histogram(row, step) == nullptr ? has_floats : has_histograms) = true;
      });
    }
    if (has_histograms) HistogramOf(vector_.labels(row)).native_rows.push_back(row);
    if (has_floats) AddBucket(row);
  }

  void AddBucket(size_t row) {
    const Labels& labels = vector_.labels(row);
    const std::optional<double> bound = ParseBound(labels.Get(kBoundLabel));
    if (!bound) {
      annotations_.WarnAboutMetric("bucket label \"le\" is missing or has a malformed value of " +
                                       QuotedText(labels.Get(kBoundLabel)),
                                   labels.metric_name());
      return;
    }
    LabelEdit edit(labels);
    edit.Remove(kBoundLabel);
    HistogramOf(edit.Take().value()).rows.push_back({*bound, row});  // part of a valid set
  }

  Histogram& HistogramOf(Labels labels) {
    const auto [at, is_new] =
        numbers_.try_emplace(std::string(labels.canonical()), histograms_.size());
    if (is_new) {
      histograms_.push_back({.labels = std::move(labels), .rows = {}, .native_rows = {}});
    }
    return histograms_[at->second];
  }

  const VectorValue& vector_;
  Annotations& annotations_;
  std::vector<Histogram> histograms_;
  std::unordered_map<std::string, size_t> numbers_;
};

std::vector<Histogram> GroupHistograms(const VectorValue& vector, Annotations& annotations) {
  return HistogramGrouping(vector, annotations).Take();
}

// A histogram at one step: native, or its buckets.
struct HistogramCell {
  const FloatHistogram* native = nullptr;
  std::vector<Bucket>* buckets = nullptr;
};

// Calls visit(step, cell) for every step at which there is a histogram. One that is there in both
// forms is left out.
template <typename Visit>
void ForEachHistogram(const VectorValue& vector, const Histogram& histogram,
                      Annotations& annotations, Visit visit) {
  std::vector<Bucket> buckets;
  for (size_t step = 0; step < vector.step_count(); ++step) {
    buckets.clear();
    for (const BucketRow& bucket : histogram.rows) {
      if (!vector.Has(bucket.row, step) || vector.Histogram(bucket.row, step) != nullptr) continue;
      buckets.push_back({bucket.upper_bound, vector.At(bucket.row, step)});
    }
    HistogramCell cell;
    for (const size_t row : histogram.native_rows) {
      if (cell.native == nullptr && vector.Has(row, step))
        cell.native = vector.Histogram(row, step);
    }
    if (cell.native != nullptr && !buckets.empty()) {
      annotations.WarnAboutMetric("vector contains a mix of classic and native histograms",
                                  histogram.labels.metric_name());
      continue;
    }
    if (!buckets.empty()) cell.buckets = &buckets;
    if (cell.native != nullptr || cell.buckets != nullptr) visit(step, cell);
  }
}

double QuantileOfNative(double q, const FloatHistogram& native, std::string_view metric,
                        Annotations& annotations) {
  const NativeEstimate estimate = NativeQuantile(q, native);
  if (estimate.nan == NanEffect::kOnlyNan) {
    annotations.InformAboutMetric("input to histogram_quantile has NaN observations, result is NaN",
                                  metric);
  } else if (estimate.nan == NanEffect::kSkewed) {
    annotations.InformAboutMetric(
        "input to histogram_quantile has NaN observations, result is skewed higher", metric);
  }
  return estimate.value;
}

double EstimateQuantile(double q, const HistogramCell& cell, const Histogram& histogram,
                        Annotations& annotations) {
  const std::string_view metric = histogram.labels.metric_name();
  if (cell.native != nullptr) return QuantileOfNative(q, *cell.native, metric, annotations);
  const QuantileEstimate estimate = BucketQuantile(q, *cell.buckets);
  if (estimate.forced_monotonic) {
    annotations.InformAboutMetric(
        "input to histogram_quantile needed to be fixed for monotonicity (see "
        "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)",
        metric);
  }
  return estimate.value;
}

double EstimateFraction(double lower, double upper, const HistogramCell& cell,
                        const Histogram& histogram, Annotations& annotations) {
  if (cell.native == nullptr) return BucketFraction(lower, upper, *cell.buckets);
  const NativeEstimate estimate = NativeFraction(lower, upper, *cell.native);
  if (estimate.nan == NanEffect::kSkewed) {
    annotations.InformAboutMetric(
        "input to histogram_fraction has NaN observations, which are excluded from all fractions",
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
  for (const Histogram& histogram : GroupHistograms(vector, annotations)) {
    const size_t row = out.AddRow(histogram.labels, true);
    ForEachHistogram(vector, histogram, annotations, [&](size_t step, const HistogramCell& cell) {
      out.Set(row, step, EstimateQuantile(q[step], cell, histogram, annotations));
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
  const std::vector<Histogram> histograms = GroupHistograms(vector, annotations);
  VectorValue out(vector.step_count());
  for (size_t i = 2; i < call.arguments.size(); ++i) {
    LUMA_ASSIGN_OR_RETURN(const ScalarColumn q, evaluator.Scalar(*call.arguments[i]));
    WarnAboutQuantiles(q, annotations);
    LUMA_RETURN_IF_ERROR(evaluator.context().Book(histograms.size(), vector.step_count()));
    for (const Histogram& histogram : histograms) {
      std::unordered_map<uint64_t, size_t> rows;  // by the bits of the quantile
      Status status;
      const auto visit = [&](size_t step, const HistogramCell& cell) {
        const auto [at, is_new] = rows.try_emplace(std::bit_cast<uint64_t>(q[step]), out.size());
        if (is_new) {
          LabelEdit edit(histogram.labels);
          edit.Set(label, QuantileText(q[step]));
          Result<Labels> labels = edit.Take();
          if (!labels.ok()) status = labels.status();
          out.AddRow(labels.ok() ? *std::move(labels) : Labels(), true);
        }
        out.Set(at->second, step, EstimateQuantile(q[step], cell, histogram, annotations));
      };
      ForEachHistogram(vector, histogram, annotations, visit);
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
  Annotations& annotations = evaluator.context().annotations();
  for (const Histogram& histogram : GroupHistograms(vector, annotations)) {
    const size_t row = out.AddRow(histogram.labels, true);
    ForEachHistogram(vector, histogram, annotations, [&](size_t step, const HistogramCell& cell) {
      out.Set(row, step, EstimateFraction(lower[step], upper[step], cell, histogram, annotations));
    });
  }
  return out;
}

struct NativeFunction {
  std::string_view name;
  double (*function)(const FloatHistogram&);
};
constexpr NativeFunction kNativeFunctions[] = {
    {"histogram_avg", [](const FloatHistogram& h) { return h.sum / h.count; }},
    {"histogram_count", [](const FloatHistogram& h) { return h.count; }},
    {"histogram_stddev", [](const FloatHistogram& h) { return std::sqrt(NativeVariance(h)); }},
    {"histogram_stdvar", NativeVariance},
    {"histogram_sum", [](const FloatHistogram& h) { return h.sum; }},
};

const NativeFunction* FindNativeFunction(std::string_view name) {
  const auto found = std::ranges::find(kNativeFunctions, name, &NativeFunction::name);
  return found == std::end(kNativeFunctions) ? nullptr : found;
}

// Floats have no count, sum or deviation of observations.
Result<VectorValue> CallNativeFunction(NodeEvaluator& evaluator, const Call& call) {
  const NativeFunction& native = *FindNativeFunction(call.function->name);
  LUMA_ASSIGN_OR_RETURN(VectorValue vector, evaluator.Vector(*call.arguments[0]));
  for (size_t row = 0; row < vector.size(); ++row) {
    vector.set_drop_name(row, true);
    ForEachPresent(vector, row, [&](size_t step) {
      const FloatHistogram* const histogram = vector.Histogram(row, step);
      if (histogram == nullptr) {
        vector.Clear(row, step);
      } else {
        vector.Set(row, step, native.function(*histogram));
      }
    });
  }
  vector.RemoveRowsIf([&](size_t row) { return vector.IsEmptyRow(row); });
  return vector;
}

}  // namespace

VectorFunction FindHistogramFunction(std::string_view name) {
  if (name == "histogram_quantile") return HistogramQuantile;
  if (name == "histogram_quantiles") return HistogramQuantiles;
  if (name == "histogram_fraction") return HistogramFraction;
  if (FindNativeFunction(name) != nullptr) return CallNativeFunction;
  return nullptr;
}

}  // namespace luma::promql
