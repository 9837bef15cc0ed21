#include "promql/histogram_rate.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "promql/histogram_annotations.h"
#include "promql/histogram_windows.h"
#include "promql/rate.h"
#include "promql/start_times.h"

namespace luma::promql {
namespace {

double SecondsOf(int64_t millis) { return static_cast<double>(millis) / 1000; }

// One window of histograms alone, of at least two samples.
class WindowRate {
 public:
  WindowRate(const Window& window, bool is_counter, std::string_view metric,
             Annotations& annotations)
      : window_(window),
        histograms_(window.histograms),
        is_counter_(is_counter),
        metric_(metric),
        annotations_(annotations) {}

  // What was added from the first to the last sample; none when they do not fit each other.
  std::optional<FloatHistogram> Increase() {
    TellOfHints();
    const FloatHistogram start = Start();
    if (!HaveOneSchemaFrom(start)) {
      WarnAboutMixedSchemas(metric_, annotations_);
      return std::nullopt;
    }
    FloatHistogram increase = *histograms_.back();
    // Before zero buckets are widened: where that cuts a bucket depends on the schema.
    if (!increase.has_custom_bounds()) ReduceResolution(increase, CoarsestSchema(start));
    Subtract(increase, start);
    if (is_counter_) AddWhatResetsLost(increase, start);
    increase.hint = ResetHint::kGauge;
    RemoveEmptyBuckets(increase);
    return increase;
  }

 private:
  void TellOfHints() {
    const auto is_gauge = [](const HistogramPtr& h) { return h->hint == ResetHint::kGauge; };
    if (is_counter_ && std::ranges::any_of(histograms_, is_gauge)) {
      WarnAboutNonCounter(metric_, annotations_);
    }
    if (!is_counter_ && (!is_gauge(histograms_.front()) || !is_gauge(histograms_.back()))) {
      WarnAboutNonGauge(metric_, annotations_);
    }
  }

  // Whether the counter was reset before sample `i`; `before` stands for the one before it.
  bool IsResetAt(size_t i, const FloatHistogram& before) const {
    return BeganAnewAt(window_, i) || IsCounterReset(*histograms_[i], before);
  }

  // The first sample, or an empty one of the second's kind when a reset makes it irrelevant.
  FloatHistogram Start() const {
    const FloatHistogram& second = *histograms_[1];
    if (!is_counter_ || !IsResetAt(1, *histograms_[0])) return *histograms_[0];
    FloatHistogram empty;
    empty.schema = second.schema;
    empty.custom_bounds = second.custom_bounds;
    return empty;
  }

  bool HaveOneSchemaFrom(const FloatHistogram& start) const {
    const auto fits = [&](const HistogramPtr& histogram) {
      return histogram->has_custom_bounds() == start.has_custom_bounds();
    };
    return is_counter_ ? std::all_of(histograms_.begin() + 1, histograms_.end(), fits)
                       : fits(histograms_.back());
  }

  int32_t CoarsestSchema(const FloatHistogram& start) const {
    int32_t schema = std::min(start.schema, histograms_.back()->schema);
    if (!is_counter_) return schema;
    for (const HistogramPtr& histogram : histograms_.subspan(1)) {
      schema = std::min(schema, histogram->schema);
    }
    return schema;
  }

  void Subtract(FloatHistogram& from, const FloatHistogram& other) {
    if (SubtractHistogram(from, other).bounds_reconciled) {
      InformAboutReconciledBounds(kHistogramSubtraction, annotations_);
    }
  }

  void AddWhatResetsLost(FloatHistogram& increase, const FloatHistogram& start) {
    const FloatHistogram* before = &start;
    for (size_t i = 1; i < histograms_.size(); ++i) {
      if (IsResetAt(i, *before) && AddHistogram(increase, *before).bounds_reconciled) {
        InformAboutReconciledBounds(kHistogramAddition, annotations_);
      }
      before = histograms_[i].get();
    }
  }

  const Window& window_;
  const std::span<const HistogramPtr> histograms_;
  const bool is_counter_;
  const std::string_view metric_;
  Annotations& annotations_;
};

// What the counter had reached at the first sample counts too when it began inside the window.
bool AddFirst(const FloatHistogram& first, FloatHistogram& increase, std::string_view metric,
              Annotations& annotations) {
  const HistogramCombination outcome = AddHistogram(increase, first);
  if (!outcome.compatible) WarnAboutMixedSchemas(metric, annotations);
  if (outcome.bounds_reconciled) InformAboutReconciledBounds(kHistogramAddition, annotations);
  increase.hint = ResetHint::kGauge;
  return outcome.compatible;
}

std::optional<FloatHistogram> ExtrapolatedRate(const RangeCall& call, const Window& window,
                                               RateKind kind, std::string_view metric,
                                               Annotations& annotations) {
  const std::optional<UnixMillis> began = kind.is_counter ? StartInside(window) : std::nullopt;
  if (window.size() < 2 && !began) return std::nullopt;
  std::optional<FloatHistogram> rate =
      window.size() < 2 ? *window.histograms.front()
                        : WindowRate(window, kind.is_counter, metric, annotations).Increase();
  if (!rate) return std::nullopt;
  if (began && window.size() > 1 &&
      !AddFirst(*window.histograms.front(), *rate, metric, annotations)) {
    return std::nullopt;
  }
  double factor = Extrapolation({.start = window.start,
                                 .end = window.end,
                                 .first_time = window.times.front(),
                                 .last_time = window.times.back(),
                                 .samples = window.size(),
                                 .first = window.histograms.front()->count,
                                 .began = began},
                                rate->count, kind.is_counter);
  if (kind.per_second) factor /= SecondsOf(call.range.length_ms);
  MultiplyHistogram(*rate, factor);
  return rate;
}

template <bool kIsCounter, bool kPerSecond>
void Rate(const RangeCall& call, const RangeSeries& series, size_t row, VectorValue& out,
          Annotations& annotations) {
  constexpr RateKind kKind{.is_counter = kIsCounter, .per_second = kPerSecond};
  const std::string_view metric = series.labels.metric_name();
  const auto rate_of =
      call.range.edges == RangeEdges::kPlain ? ExtrapolatedRate : ExtendedHistogramRate;
  HistogramCells cells(series, row, out, annotations);
  Overlaps overlaps(series);
  const bool tells_overlaps = kIsCounter && call.range.edges == RangeEdges::kPlain;
  const auto compute = [&](const Window& window) {
    if (tells_overlaps) overlaps.WarnAbout(window, annotations);
    return rate_of(call, window, kKind, metric, annotations);
  };
  ForEachWindow(call.range, series,
                [&](size_t step, const Window& window) { cells.Answer(step, window, compute); });
}

// Between the last two samples, both histograms.
std::optional<FloatHistogram> InstantChange(const Window& window, bool per_second,
                                            std::string_view metric, Annotations& annotations) {
  const size_t last = window.size() - 1;
  const FloatHistogram& before = *window.histograms[last - 1];
  const FloatHistogram& now = *window.histograms[last];
  const bool has_gauge = before.hint == ResetHint::kGauge || now.hint == ResetHint::kGauge;
  const bool are_gauges = before.hint == ResetHint::kGauge && now.hint == ResetHint::kGauge;
  if (per_second && has_gauge) WarnAboutNonCounter(metric, annotations);
  if (!per_second && !are_gauges) WarnAboutNonGauge(metric, annotations);
  FloatHistogram change = now;
  const bool is_reset = BeganAnewAt(window, last) || IsCounterReset(now, before);
  if (!per_second || !is_reset) {
    const HistogramCombination outcome = SubtractHistogram(change, before);
    if (!outcome.compatible) {
      WarnAboutMixedSchemas(metric, annotations);
      return std::nullopt;
    }
    if (outcome.bounds_reconciled) InformAboutReconciledBounds(kHistogramSubtraction, annotations);
  }
  change.hint = ResetHint::kGauge;
  RemoveEmptyBuckets(change);
  if (per_second) {
    DivideHistogram(change, SecondsOf(window.times[last] - window.times[last - 1]));
  }
  return change;
}

template <bool kPerSecond>
void Instant(const RangeCall& call, const RangeSeries& series, size_t row, VectorValue& out,
             Annotations& annotations) {
  HistogramCells cells(series, row, out, annotations);
  const auto compute = [&](const Window& both) {
    return InstantChange(both, kPerSecond, series.labels.metric_name(), annotations);
  };
  ForEachWindow(call.range, series, [&](size_t step, const Window& window) {
    if (window.size() < 2) return out.Clear(row, step);
    // When they are floats, they are the last two of the floats as well.
    cells.Answer(step, window.Last(2), compute);
  });
}

bool IsChange(double before, double value) {
  return value != before && !(std::isnan(value) && std::isnan(before));
}

bool IsSameKind(const Window& window, size_t i) {
  return (window.histograms[i - 1] == nullptr) == (window.histograms[i] == nullptr);
}

bool IsChangeAt(const Window& window, size_t i) {
  if (!IsSameKind(window, i)) return true;
  if (window.histograms[i] == nullptr) return IsChange(window.values[i - 1], window.values[i]);
  return !AreSameHistograms(*window.histograms[i - 1], *window.histograms[i]);
}
bool IsResetAt(const Window& window, size_t i) {
  if (!IsSameKind(window, i)) return true;
  if (BeganAnewAt(window, i)) return true;
  if (window.histograms[i] == nullptr) return window.values[i] < window.values[i - 1];
  return IsCounterReset(*window.histograms[i], *window.histograms[i - 1]);
}

template <bool (*kCondition)(const Window&, size_t)>
void CountPairs(const RangeCall& call, const RangeSeries& series, size_t row, VectorValue& out,
                Annotations&) {
  ForEachWindow(call.range, series, [&](size_t step, const Window& window) {
    const std::optional<size_t> first = AnchorOf(call.range, window);
    if (!first) return out.Clear(row, step);
    double count = 0;
    for (size_t i = *first + 1; i < window.size(); ++i) count += kCondition(window, i) ? 1 : 0;
    out.Set(row, step, count);
  });
}

constexpr HistogramFunction kFunctions[] = {
    {"changes", CountPairs<IsChangeAt>}, {"delta", Rate<false, false>}, {"idelta", Instant<false>},
    {"increase", Rate<true, false>},     {"irate", Instant<true>},      {"rate", Rate<true, true>},
    {"resets", CountPairs<IsResetAt>},
};

}  // namespace

std::span<const HistogramFunction> HistogramRateFunctions() { return kFunctions; }

std::optional<FloatHistogram> Interpolate(const TimedHistogram& before, const TimedHistogram& after,
                                          UnixMillis time, bool is_counter,
                                          Annotations& annotations) {
  if (time == before.time) return *before.histogram;
  if (time == after.time) return *after.histogram;
  const double fraction =
      static_cast<double>(time - before.time) / static_cast<double>(after.time - before.time);
  FloatHistogram result = *after.histogram;
  if (result.has_custom_bounds() != before.histogram->has_custom_bounds()) return std::nullopt;
  if (is_counter && IsCounterReset(result, *before.histogram)) {
    MultiplyHistogram(result, fraction);
    return result;
  }
  if (SubtractHistogram(result, *before.histogram).bounds_reconciled) {
    InformAboutReconciledBounds(kHistogramSubtraction, annotations);
  }
  MultiplyHistogram(result, fraction);
  if (AddHistogram(result, *before.histogram).bounds_reconciled) {
    InformAboutReconciledBounds(kHistogramAddition, annotations);
  }
  return result;
}

namespace {

// An anchored or smoothed range that holds histograms alone.
class ExtendedWindow {
 public:
  ExtendedWindow(const Window& window, bool smoothed, RateKind kind, std::string_view metric,
                 Annotations& annotations)
      : window_(window),
        smoothed_(smoothed),
        kind_(kind),
        metric_(metric),
        annotations_(annotations) {}

  std::optional<FloatHistogram> Increase() {
    if (!FindEdges()) return std::nullopt;
    if (!HaveOneSchema()) return Mixed();
    const std::optional<FloatHistogram> left = Left();
    const std::optional<FloatHistogram> right = Right();
    if (!left || !right) return Mixed();
    TellOfHints(*left, *right);
    FloatHistogram increase = *right;
    if (SubtractHistogram(increase, *left).bounds_reconciled) {
      InformAboutReconciledBounds(kHistogramSubtraction, annotations_);
    }
    if (kind_.is_counter) AddWhatResetsLost(increase, *left, *right);
    increase.hint = ResetHint::kGauge;
    return increase;
  }

 private:
  // The first sample is the last one not after the start; that of a smoothed range ends with the
  // first one not before its end.
  bool FindEdges() {
    last_ = window_.size() - 1;
    const size_t inside = FirstNotBefore(SaturatingAdd(window_.start, 1));
    first_ = inside == 0 ? 0 : inside - 1;
    if (smoothed_) last_ = FirstNotBefore(window_.end);
    return window_.times[last_] > window_.start &&
           !(smoothed_ && window_.times[first_] > window_.end);
  }
  size_t FirstNotBefore(UnixMillis bound) const {
    const auto end = window_.times.begin() + static_cast<ptrdiff_t>(last_);
    return static_cast<size_t>(std::lower_bound(window_.times.begin(), end, bound) -
                               window_.times.begin());
  }

  const FloatHistogram& At(size_t i) const { return *window_.histograms[i]; }

  bool HaveOneSchema() const {
    for (size_t i = first_; i <= last_; ++i) {
      if (At(i).has_custom_bounds() != At(first_).has_custom_bounds()) return false;
    }
    return true;
  }
  std::optional<FloatHistogram> Mixed() {
    WarnAboutMixedSchemas(metric_, annotations_);
    return std::nullopt;
  }

  std::optional<FloatHistogram> Between(size_t i, UnixMillis time) {
    return Interpolate({window_.times[i], &At(i)}, {window_.times[i + 1], &At(i + 1)}, time,
                       kind_.is_counter, annotations_);
  }
  std::optional<FloatHistogram> Left() {
    const bool cut = smoothed_ && window_.times[first_] < window_.start;
    return cut ? Between(first_, window_.start) : At(first_);
  }
  std::optional<FloatHistogram> Right() {
    const bool cut = smoothed_ && last_ > 0 && window_.times[last_] > window_.end;
    return cut ? Between(last_ - 1, window_.end) : At(last_);
  }

  void TellOfHints(const FloatHistogram& left, const FloatHistogram& right) {
    if (!kind_.is_counter) {
      const bool gauges = left.hint == ResetHint::kGauge && right.hint == ResetHint::kGauge;
      if (!gauges) WarnAboutNonGauge(metric_, annotations_);
      return;
    }
    for (size_t i = first_; i <= last_; ++i) {
      if (At(i).hint == ResetHint::kGauge) WarnAboutNonCounter(metric_, annotations_);
    }
  }

  // What the counter had reached before each reset inside the range. The edges stand for the first
  // and the last sample; a reset that the left edge was interpolated over has been dealt with
  // there.
  void AddWhatResetsLost(FloatHistogram& increase, const FloatHistogram& left,
                         const FloatHistogram& right) {
    const FloatHistogram* before = &left;
    size_t next = first_ + 1;
    const bool cut = smoothed_ && window_.times[first_] < window_.start;
    if (cut && IsCounterReset(At(first_ + 1), At(first_))) before = &At(next++);
    if (next > last_) return;
    const auto add_if_reset = [&](const FloatHistogram& histogram) {
      if (IsCounterReset(histogram, *before) && AddHistogram(increase, *before).bounds_reconciled) {
        InformAboutReconciledBounds(kHistogramAddition, annotations_);
      }
    };
    for (; next < last_; ++next) {
      add_if_reset(At(next));
      before = &At(next);
    }
    add_if_reset(right);
  }

  const Window& window_;
  const bool smoothed_;
  const RateKind kind_;
  const std::string_view metric_;
  Annotations& annotations_;
  size_t first_ = 0;
  size_t last_ = 0;
};

}  // namespace

std::optional<FloatHistogram> ExtendedHistogramRate(const RangeCall& call, const Window& window,
                                                    RateKind kind, std::string_view metric,
                                                    Annotations& annotations) {
  const bool smoothed = call.range.edges == RangeEdges::kSmoothed;
  std::optional<FloatHistogram> rate =
      ExtendedWindow(window, smoothed, kind, metric, annotations).Increase();
  if (!rate) return std::nullopt;
  if (kind.per_second) DivideHistogram(*rate, SecondsOf(call.range.length_ms));
  RemoveEmptyBuckets(*rate);
  return rate;
}

}  // namespace luma::promql
