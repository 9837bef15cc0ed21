#include "prom/scrape/converting_parser.h"

#include <algorithm>
#include <cmath>

#include "model/series_batch.h"
#include "prom/scrape/series_text.h"

namespace luma::prom {
namespace {

constexpr std::string_view kBoundLabel = "le";

// More than the labels of an exemplar that can be stored have.
constexpr size_t kExemplarTextBytesMax = 4 * kExemplarCharsMax;

size_t TextBytesOf(const PageExemplar& exemplar) {
  size_t bytes = 0;
  for (const LabelRef& label : exemplar.labels) bytes += label.name.size() + label.value.size();
  return bytes;
}

}  // namespace

void ConvertingParser::Key::Clear() {
  text.clear();
  ends.clear();
}

void ConvertingParser::Key::Append(std::string_view part) {
  constexpr char kNotInUtf8 = '\xff';
  text.append(part);
  ends.push_back(text.size());
  text.push_back(kNotInUtf8);
}

void ConvertingParser::Key::ReadLabels(std::vector<LabelRef>& labels) const {
  const std::string_view all = text;
  labels.push_back({kMetricNameLabel, all.substr(0, ends[0])});
  for (size_t i = 0; i + 2 < ends.size(); i += 2) {
    const size_t name = ends[i] + 1;
    const size_t value = ends[i + 1] + 1;
    labels.push_back(
        {all.substr(name, ends[i + 1] - name), all.substr(value, ends[i + 2] - value)});
  }
}

bool ConvertingParser::Next() {
  is_shown_ = false;
  while (TakeSample()) {
    const bool has_ended = is_collecting_ && !(is_classic_ && next_key_ == key_);
    if (has_ended) {
      if (ShowHistogram()) return true;
      continue;
    }
    is_waiting_ = false;
    const bool is_converted = part_ != Part::kNothing;
    if (is_converted && !Collect()) return false;
    if (!is_converted || keeps_classic_) return ShowSample();
  }
  if (status_.ok()) status_ = page_->status();
  return status_.ok() && is_collecting_ && ShowHistogram();
}

// False at the end of the page, and after an error.
bool ConvertingParser::TakeSample() {
  if (is_waiting_) return true;
  is_waiting_ = page_->Next() && ReadSeries(page_->classic_family().name);
  return is_waiting_;
}

// Finds out whether the sample is one of a classic histogram; `family` is empty if it cannot be.
bool ConvertingParser::ReadSeries(std::string_view family) {
  is_classic_ = false;
  part_ = Part::kNothing;
  if (family.empty()) return true;
  if (!page_->ReadLabels(labels_)) return false;
  std::string_view suffix = labels_[0].value;
  if (!suffix.starts_with(family)) return true;
  suffix.remove_prefix(family.size());
  is_classic_ = suffix == "_bucket" || suffix == "_count" || suffix == "_sum";
  if (!is_classic_) return true;
  part_ = PartOf(suffix);
  MakeNextKey(family);
  label_bytes_ += next_key_.text.size();
  if (label_bytes_ > kLabelBytesPerPageMax) status_ = TooLongLabels();
  return status_.ok();
}

ConvertingParser::Part ConvertingParser::PartOf(std::string_view suffix) {
  if (suffix == "_count") return Part::kCount;
  if (suffix == "_sum") return Part::kSum;
  const auto label = std::ranges::find(labels_, kBoundLabel, &LabelRef::name);
  if (label == labels_.end()) return Part::kNothing;
  const std::optional<double> bound = ParseSampleValue(label->value);
  if (!bound || std::isnan(*bound)) return Part::kNothing;
  bound_ = *bound;
  return Part::kBucket;
}

void ConvertingParser::MakeNextKey(std::string_view family) {
  labels_.erase(labels_.begin());
  std::erase_if(labels_, [](const LabelRef& label) { return label.name == kBoundLabel; });
  std::ranges::sort(labels_, {}, &LabelRef::name);
  next_key_.Clear();
  next_key_.Append(family);
  for (const LabelRef& label : labels_) {
    next_key_.Append(label.name);
    next_key_.Append(label.value);
  }
}

// Adds the sample to its histogram, which begins with it or before. False when that is too large.
bool ConvertingParser::Collect() {
  if (!is_collecting_) {
    is_collecting_ = true;
    is_gauge_ = page_->classic_family().is_gauge;
    std::swap(key_, next_key_);
    collected_.Clear();
    exemplars_.clear();
    exemplar_texts_.clear();
  }
  const PageSample& sample = page_->sample();
  timestamp_ = sample.timestamp;
  for (const PageExemplar& exemplar : page_->exemplars()) KeepExemplar(exemplar);
  if (part_ == Part::kCount) collected_.SetCount(sample.value);
  if (part_ == Part::kSum) collected_.SetSum(sample.value);
  if (part_ != Part::kBucket || collected_.AddBucket(bound_, sample.value)) return true;
  status_ = Status::InvalidArgument("bad exposition: histogram has too many buckets: family=",
                                    std::string_view(key_.text).substr(0, key_.ends[0]),
                                    " limit=", CollectedHistogram::kBucketsMax);
  return false;
}

void ConvertingParser::KeepExemplar(const PageExemplar& exemplar) {
  const size_t bytes = TextBytesOf(exemplar);
  if (!exemplar.timestamp || bytes > kExemplarTextBytesMax) return;
  if (exemplars_.size() == CollectedHistogram::kBucketsMax) return;  // lines may repeat for ever
  std::string& text = exemplar_texts_.emplace_back();
  text.reserve(bytes);  // so that views of it stay valid while it fills
  const auto keep = [&text](std::string_view part) {
    const size_t begin = text.size();
    text.append(part);
    return std::string_view(text).substr(begin);
  };
  PageExemplar& kept = exemplars_.emplace_back();
  kept.value = exemplar.value;
  kept.timestamp = exemplar.timestamp;
  for (const LabelRef& label : exemplar.labels) {
    const std::string_view name = keep(label.name);
    kept.labels.push_back({name, keep(label.value)});
  }
}

bool ConvertingParser::ShowSample() {
  sample_ = page_->sample();
  line_number_ = page_->line_number();
  return true;
}

// False for one that makes no sense. Nothing is collected any more.
bool ConvertingParser::ShowHistogram() {
  is_collecting_ = false;
  histogram_ = WireHistogram();
  is_shown_ = collected_.ToCustomBuckets(histogram_);
  if (is_gauge_) histogram_.hint = ResetHint::kGauge;
  sample_ = {.series = key_.text,
             .value = histogram_.sum,
             .timestamp = timestamp_,
             .histogram = &histogram_};
  line_number_ = page_->line_number();
  return is_shown_;
}

bool ConvertingParser::ReadLabels(std::vector<LabelRef>& labels) {
  if (!is_shown_) {
    const bool is_read = page_->ReadLabels(labels);
    if (!is_read) status_ = page_->status();
    return is_read;
  }
  labels.clear();
  key_.ReadLabels(labels);
  return true;
}

std::span<PageExemplar> ConvertingParser::exemplars() {
  return is_shown_ ? std::span(exemplars_) : page_->exemplars();
}

}  // namespace luma::prom
