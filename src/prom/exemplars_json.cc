#include "prom/exemplars_json.h"

namespace luma::prom {
namespace {

// A time, a value, and what stands around them.
constexpr uint64_t kExemplarTextBytes = 96;

void WriteExemplar(const Exemplar& exemplar, JsonWriter& json) {
  json.BeginObject();
  json.Key("labels");
  json.LabelSet(exemplar.labels);
  json.Key("value");
  json.Number(exemplar.value);
  json.Key("timestamp");
  json.Time(exemplar.timestamp);
  json.EndObject();
}

}  // namespace

void WriteExemplars(std::span<const SeriesExemplars> all, JsonWriter& json) {
  json.BeginArray();
  for (const SeriesExemplars& series : all) {
    json.BeginObject();
    json.Key("seriesLabels");
    json.LabelSet(series.labels);
    json.Key("exemplars");
    json.BeginArray();
    for (const Exemplar& exemplar : series.exemplars) WriteExemplar(exemplar, json);
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
}

uint64_t ExemplarsBytes(std::span<const SeriesExemplars> all) {
  uint64_t bytes = 0;
  for (const SeriesExemplars& series : all) {
    bytes += kExemplarTextBytes + LabelSetTextBytes(series.labels);
    for (const Exemplar& exemplar : series.exemplars) {
      bytes += kExemplarTextBytes + LabelSetTextBytes(exemplar.labels);
    }
  }
  return bytes;
}

}  // namespace luma::prom
