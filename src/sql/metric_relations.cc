#include "sql/metric_relations.h"

#include <algorithm>

#include "base/hash.h"
#include "model/labels.h"
#include "sql/duckdb_boundary.h"

namespace luma::sql {
namespace {

using storage::CatalogObject;
using storage::CatalogObjectPtr;
using storage::ColumnBlock;

constexpr std::string_view kSamplesView = "samples";
constexpr std::string_view kRollupsView = "rollups";
constexpr std::string_view kExemplarsView = "exemplars";
// Made-up objects have ids in the upper half, where no stored object gets in practice.
constexpr uint32_t kMadeUpIdBit = 0x8000'0000;
constexpr std::string_view kFrom =
    " FROM luma.samples s JOIN luma.series r ON s.series_id = r.series_id";

std::string QuoteName(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

std::string QuoteText(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted.append(c == '\'' ? 2 : 1, c);
  return quoted + "'";
}

CatalogObjectPtr MakeView(ObjectId schema, std::string name, std::string definition) {
  CatalogObject view;
  const Hash128 hash = HashBytes128(AsBytes(name));
  view.id = ObjectId{kMadeUpIdBit | static_cast<uint32_t>(hash.low)};
  view.schema_id = schema;
  view.kind = storage::ObjectKind::kView;
  view.name = std::move(name);
  view.definition = std::move(definition);
  return std::make_shared<const CatalogObject>(std::move(view));
}

const CatalogObjectPtr& SamplesView() {
  static const auto* const view = new CatalogObjectPtr(MakeView(
      storage::kPublicSchemaId, std::string(kSamplesView),
      "ts TIMESTAMP WITH TIME ZONE, metric VARCHAR, labels MAP(VARCHAR, VARCHAR), value DOUBLE, "
      "series_id UBIGINT\nSELECT s.ts, r.metric, luma_labels(r.labels), s.value, s.series_id" +
          std::string(kFrom)));
  return *view;
}

const CatalogObjectPtr& RollupsView() {
  static const auto* const view = new CatalogObjectPtr(MakeView(
      storage::kPublicSchemaId, std::string(kRollupsView),
      "ts TIMESTAMP WITH TIME ZONE, metric VARCHAR, labels MAP(VARCHAR, VARCHAR), "
      "resolution_ms BIGINT, count BIGINT, sum DOUBLE, min DOUBLE, max DOUBLE, first DOUBLE, "
      "last DOUBLE, first_ts TIMESTAMP WITH TIME ZONE, last_ts TIMESTAMP WITH TIME ZONE, "
      "increase DOUBLE, changes BIGINT, resets BIGINT, series_id UBIGINT\n"
      "SELECT s.ts, r.metric, luma_labels(r.labels), s.resolution_ms, s.count, s.sum, s.min, "
      "s.max, s.first, s.last, s.first_ts, s.last_ts, s.last - s.first + s.reset_sum, s.changes, "
      "s.resets, s.series_id"
      " FROM luma.rollups s JOIN luma.series r ON s.series_id = r.series_id"
      " WHERE s.count > 0"));
  return *view;
}

const CatalogObjectPtr& ExemplarsView() {
  static const auto* const view = new CatalogObjectPtr(MakeView(
      storage::kPublicSchemaId, std::string(kExemplarsView),
      "ts TIMESTAMP WITH TIME ZONE, metric VARCHAR, labels MAP(VARCHAR, VARCHAR), value DOUBLE, "
      "exemplar MAP(VARCHAR, VARCHAR), trace_id VARCHAR, series_id UBIGINT\n"
      "SELECT s.ts, r.metric, luma_labels(r.labels), s.value, luma_labels(s.labels), "
      "luma_label(s.labels, 'trace_id'), s.series_id"
      " FROM luma.exemplars s JOIN luma.series r ON s.series_id = r.series_id"));
  return *view;
}

std::string_view TextAt(const ColumnBlock& block, uint32_t row) {
  uint32_t index = row;
  if (block.shape == ColumnBlock::Shape::kConstant) index = 0;
  if (block.shape == ColumnBlock::Shape::kDictionary) index = block.codes[row];
  return block.flat.As<StringRef>()[index].view();
}

uint64_t NumberAt(const ColumnBlock& block, uint32_t row) {
  uint32_t index = row;
  if (block.shape == ColumnBlock::Shape::kConstant) index = 0;
  if (block.shape == ColumnBlock::Shape::kDictionary) index = block.codes[row];
  return block.flat.As<uint64_t>()[index];
}

// Names of columns are compared without regard to case, those of labels are not: of two labels that
// differ in case, the one in lower case keeps its name whatever comes later.
std::vector<std::string> InOrderOfColumns(const LabelNames& labels) {
  std::vector<std::string> ordered(labels.begin(), labels.end());
  std::ranges::sort(ordered, {}, [](const std::string& label) {
    return std::pair(duckdb::StringUtil::Lower(label) != label, label);
  });
  return ordered;
}

std::string ColumnFor(const std::string& label, duckdb::case_insensitive_set_t& taken) {
  std::string column = label;
  while (!taken.insert(column).second) column = "label_" + column;
  return column;
}

}  // namespace

CatalogObjectPtr MetricRelations::Find(LumaTransaction& transaction, ObjectId schema,
                                       std::string_view name) {
  if (schema == storage::kPublicSchemaId) {
    if (name == kRollupsView) return RollupsView();
    if (name == kExemplarsView) return ExemplarsView();
    return name == kSamplesView ? SamplesView() : nullptr;
  }
  if (schema != storage::kMetricsSchemaId) return nullptr;
  const auto series = transaction.Read(storage::kSeriesTableId);
  MutexLock lock(mutex_);
  ReadNewSeries(*series);
  const auto metric = metrics_.find(name);
  return metric == metrics_.end() ? nullptr : ViewOf(metric->first, metric->second);
}

std::vector<CatalogObjectPtr> MetricRelations::List(LumaTransaction& transaction) {
  const auto series = transaction.Read(storage::kSeriesTableId);
  MutexLock lock(mutex_);
  ReadNewSeries(*series);
  std::vector<CatalogObjectPtr> views;
  for (auto& [name, metric] : metrics_) views.push_back(ViewOf(name, metric));
  return views;
}

void MetricRelations::ReadNewSeries(const storage::TableSnapshot& series) {
  const ColumnSchema& id_column = *series.schema().FindColumn("series_id");
  const ColumnSchema& labels_column = *series.schema().FindColumn("labels");
  uint64_t last = last_series_;
  for (const auto& run : series.runs()) {
    for (uint32_t block = 0; block < run->block_count(); ++block) {
      const storage::ZoneMap* zone = run->Zone(id_column.id, block);
      if (zone != nullptr && zone->has_max && zone->max.As<uint64_t>() <= last_series_) continue;
      const ColumnBlock ids = ValueOrThrow(run->Read(id_column, block));
      const ColumnBlock labels = ValueOrThrow(run->Read(labels_column, block));
      for (uint32_t row = 0; row < ids.row_count; ++row) {
        const uint64_t id = NumberAt(ids, row);
        if (id <= last_series_) continue;
        last = std::max(last, id);
        AddSeries(TextAt(labels, row));
      }
    }
  }
  last_series_ = last;
}

void MetricRelations::AddSeries(std::string_view canonical_labels) {
  const LabelsView labels(canonical_labels);
  if (labels.metric_name().empty()) return;
  auto metric = metrics_.find(labels.metric_name());
  if (metric == metrics_.end()) {
    metric = metrics_.emplace(std::string(labels.metric_name()), Metric{}).first;
  }
  for (const LabelRef& label : labels) {
    if (label.name == kMetricNameLabel || metric->second.labels.contains(label.name)) continue;
    metric->second.labels.emplace(label.name);
    metric->second.view = nullptr;
  }
}

CatalogObjectPtr MetricRelations::ViewOf(const std::string& name, Metric& metric) {
  if (metric.view) return metric.view;
  std::string columns = "ts TIMESTAMP WITH TIME ZONE, value DOUBLE";
  std::string query = "SELECT s.ts, s.value";
  duckdb::case_insensitive_set_t taken{"ts", "value"};
  for (const std::string& label : InOrderOfColumns(metric.labels)) {
    columns += ", " + QuoteName(ColumnFor(label, taken)) + " VARCHAR";
    query += ", luma_label(r.labels, " + QuoteText(label) + ")";
  }
  query += std::string(kFrom) + " WHERE r.metric = " + QuoteText(name);
  metric.view = MakeView(storage::kMetricsSchemaId, name, columns + "\n" + query);
  return metric.view;
}

}  // namespace luma::sql
