#include "prom/self_metrics.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "prom/json_fields.h"
#include "prom/scrape/page_parser.h"
#include "prom/scrape/series_text.h"

namespace luma::prom {
namespace {

constexpr std::string_view kBound = "le";
constexpr std::string_view kHelpLine = "# HELP ";
constexpr std::string_view kTypeLine = "# TYPE ";

// The lines of one metric.
struct Family {
  std::string_view name;
  std::string_view help;
  std::string_view type;  // "counter"
  std::string_view samples;
};

std::string_view TakeLine(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// "<prefix>name rest" in its parts.
bool SplitComment(std::string_view line, std::string_view prefix, std::string_view& name,
                  std::string_view& rest) {
  if (!line.starts_with(prefix)) return false;
  line.remove_prefix(prefix.size());
  const size_t space = std::min(line.find(' '), line.size());
  name = line.substr(0, space);
  rest = line.substr(std::min(space + 1, line.size()));
  return true;
}

Result<Family> TakeFamily(std::string_view& page) {
  Family family;
  std::string_view name;
  if (!SplitComment(TakeLine(page), kHelpLine, family.name, family.help) ||
      !SplitComment(TakeLine(page), kTypeLine, name, family.type) || name != family.name) {
    return Status::InvalidArgument("not a page of the server's own metrics");
  }
  const size_t next = page.find("\n# HELP ");
  const size_t bytes = next == std::string_view::npos ? page.size() : next + 1;
  family.samples = page.substr(0, page.starts_with(kHelpLine) ? 0 : bytes);
  page.remove_prefix(family.samples.size());
  return family;
}

std::string Unescaped(std::string_view help) {
  std::string text;
  for (size_t i = 0; i < help.size(); ++i) {
    const bool is_escape = help[i] == '\\' && i + 1 < help.size();
    if (is_escape) ++i;
    text += is_escape && help[i] == 'n' ? '\n' : help[i];
  }
  return text;
}

void NumberField(std::string_view key, double value, JsonWriter& json) {
  json.Key(key);
  if (std::isnan(value)) return json.String("NaN");
  if (std::isinf(value)) return json.String(value > 0 ? "Infinity" : "-Infinity");
  std::string text;
  AppendFloat(value, text);
  json.Raw(text);
}

// 64-bit integers are text in this JSON.
void CountField(std::string_view key, double value, JsonWriter& json) {
  TextField(key, std::to_string(static_cast<uint64_t>(value)), json);
}

// Writes the metrics of one family. Thread-compatible.
class FamilyWriter {
 public:
  FamilyWriter(const Family& family, JsonWriter& json) : family_(family), json_(json) {}

  Status Write() {
    json_.BeginObject();
    TextField("name", family_.name, json_);
    TextField("help", Unescaped(family_.help), json_);
    std::string type(family_.type);
    std::ranges::transform(type, type.begin(), [](char c) { return static_cast<char>(c - 32); });
    TextField("type", type, json_);
    json_.Key("metric");
    json_.BeginArray();
    LUMA_RETURN_IF_ERROR(WriteMetrics());
    json_.EndArray();
    json_.EndObject();
    return Status::Ok();
  }

 private:
  Status WriteMetrics() {
    LUMA_ASSIGN_OR_RETURN(const std::unique_ptr<PageParser> parser,
                          MakePageParser("text/plain", family_.samples, {}));
    std::vector<LabelRef> labels;
    while (parser->Next()) {
      labels.clear();
      if (!parser->ReadLabels(labels)) break;
      if (family_.type == "histogram") {
        AddToHistogram(labels, parser->sample().value);
      } else {
        WriteSimple(labels, parser->sample().value);
      }
    }
    return parser->status();
  }

  void WriteLabels(const std::vector<LabelRef>& labels) {
    const auto is_shown = [](const LabelRef& label) {
      return label.name != kMetricNameLabel && label.name != kBound;
    };
    if (std::ranges::none_of(labels, is_shown)) return;
    json_.Key("label");
    json_.BeginArray();
    for (const LabelRef& label : labels) {
      if (!is_shown(label)) continue;
      json_.BeginObject();
      TextField("name", label.name, json_);
      TextField("value", label.value, json_);
      json_.EndObject();
    }
    json_.EndArray();
  }

  void WriteSimple(const std::vector<LabelRef>& labels, double value) {
    json_.BeginObject();
    WriteLabels(labels);
    json_.Key(family_.type);
    json_.BeginObject();
    NumberField("value", value, json_);
    json_.EndObject();
    json_.EndObject();
  }

  // Buckets come first, then the sum, and the count ends the histogram.
  void AddToHistogram(const std::vector<LabelRef>& labels, double value) {
    const auto bound = std::ranges::find(labels, kBound, &LabelRef::name);
    if (bound != labels.end()) return AddBucket(bound->value, value);
    const auto name = std::ranges::find(labels, kMetricNameLabel, &LabelRef::name);
    if (name != labels.end() && name->value.ends_with("_sum")) {
      sum_ = value;
      return;
    }
    WriteHistogram(labels, value);
    buckets_.clear();
  }

  void WriteHistogram(const std::vector<LabelRef>& labels, double count) {
    json_.BeginObject();
    WriteLabels(labels);
    json_.Key("histogram");
    json_.BeginObject();
    CountField("sampleCount", count, json_);
    NumberField("sampleSum", sum_, json_);
    json_.Key("bucket");
    json_.BeginArray();
    for (const Bucket& bucket : buckets_) WriteBucket(bucket);
    json_.EndArray();
    json_.EndObject();
    json_.EndObject();
  }

  struct Bucket {
    double bound;
    double cumulative_count;
  };

  // The text of the bound ends with the sample. That of infinity is the count.
  void AddBucket(std::string_view text, double cumulative_count) {
    const std::optional<double> bound = ParseSampleValue(text);
    if (bound && std::isfinite(*bound)) buckets_.push_back({*bound, cumulative_count});
  }

  void WriteBucket(const Bucket& bucket) {
    json_.BeginObject();
    CountField("cumulativeCount", bucket.cumulative_count, json_);
    NumberField("upperBound", bucket.bound, json_);
    json_.EndObject();
  }

  const Family& family_;
  JsonWriter& json_;
  std::vector<Bucket> buckets_;
  double sum_ = 0;
};

}  // namespace

Status WriteSelfMetrics(std::string_view page, const Matcher* names, JsonWriter& json) {
  json.BeginArray();
  while (!page.empty()) {
    LUMA_ASSIGN_OR_RETURN(const Family family, TakeFamily(page));
    if (names != nullptr && !names->Matches(family.name)) continue;
    LUMA_RETURN_IF_ERROR(FamilyWriter(family, json).Write());
  }
  json.EndArray();
  return Status::Ok();
}

}  // namespace luma::prom
