// A native histogram as Prometheus' test language writes it: {{schema:1 count:3 buckets:[1 2]}}.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/float_histogram.h"
#include "promql/float_text.h"

namespace luma::promql {

class HistogramNotation {
 public:
  void Add(std::string_view key, const std::string& value) {
    if (!text_.empty()) text_.push_back(' ');
    text_.append(key).append(":").append(value);
  }
  void AddUnlessZero(std::string_view key, double value) {
    if (value != 0) Add(key, FloatText(value));
  }
  std::string Take() const { return "{{" + text_ + "}}"; }

 private:
  std::string text_;
};

inline std::string List(const std::vector<double>& values) {
  std::string list("[");
  for (const double value : values) {
    if (list.size() > 1) list.push_back(' ');
    list += FloatText(value);
  }
  return list + "]";
}

inline void AddBuckets(std::string_view offset_key, std::string_view key,
                       std::vector<HistogramBucket<double>> buckets, HistogramNotation& text) {
  std::erase_if(buckets, [](const auto& bucket) { return bucket.count == 0; });
  if (buckets.empty()) return;
  const int64_t first = buckets.front().index;
  if (first != 0) text.Add(offset_key, std::to_string(first));
  std::vector<double> counts;
  for (const auto& [index, count] : buckets) {
    const int64_t position = index - first;
    counts.resize(static_cast<size_t>(position) + 1);
    counts.back() = count;
  }
  text.Add(key, List(counts));
}

inline std::string_view HintText(ResetHint hint) {
  switch (hint) {
    case ResetHint::kReset:
      return "reset";
    case ResetHint::kNotReset:
      return "not_reset";
    case ResetHint::kGauge:
      return "gauge";
    case ResetHint::kUnknown:
      break;
  }
  return "";
}

inline std::string InNotation(const FloatHistogram& histogram) {
  HistogramNotation text;
  if (histogram.schema != 0) text.Add("schema", std::to_string(histogram.schema));
  text.AddUnlessZero("count", histogram.count);
  text.AddUnlessZero("sum", histogram.sum);
  text.AddUnlessZero("z_bucket", histogram.zero_count);
  text.AddUnlessZero("z_bucket_w", histogram.zero_threshold);
  if (histogram.has_custom_bounds()) text.Add("custom_values", List(histogram.custom_bounds));
  const std::string_view hint = HintText(histogram.hint);
  if (!hint.empty()) text.Add("counter_reset_hint", std::string(hint));
  AddBuckets("offset", "buckets", histogram.positive, text);
  AddBuckets("n_offset", "n_buckets", histogram.negative, text);
  return text.Take();
}

}  // namespace luma::promql
