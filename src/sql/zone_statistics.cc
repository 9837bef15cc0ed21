#include "sql/zone_statistics.h"

#include <cstring>

namespace luma::sql {
namespace {

using duckdb::BaseStatistics;
using storage::ZoneBound;
using storage::ZoneMap;

// Of a type that DuckDB computes with as the engine stores it.
duckdb::Value BoundValue(const ZoneBound& bound, const duckdb::LogicalType& type) {
  auto bytes = bound.bytes;
  const duckdb::Vector value(type, reinterpret_cast<duckdb::data_ptr_t>(bytes.data()));
  return value.GetValue(0);
}

void SetNumericBounds(const ZoneMap& zone, const duckdb::LogicalType& type,
                      BaseStatistics& statistics) {
  if (zone.has_min) duckdb::NumericStats::SetMin(statistics, BoundValue(zone.min, type));
  // NaN is above every number in DuckDB's order too, and outside the zone map's bounds.
  if (zone.has_max && !zone.has_nan) {
    duckdb::NumericStats::SetMax(statistics, BoundValue(zone.max, type));
  }
}

duckdb::string_t BoundText(const ZoneBound& bound) {
  const auto text = bound.Text();
  return duckdb::string_t(text.data(), static_cast<uint32_t>(text.size()));
}

void SetStringBounds(const ZoneMap& zone, BaseStatistics& statistics) {
  if (zone.has_min) duckdb::StringStats::SetMin(statistics, BoundText(zone.min));
  if (zone.has_max) duckdb::StringStats::SetMax(statistics, BoundText(zone.max));
}

// Only of text among the types that are stored as bytes; not when it was cut inside a letter.
duckdb::Value ShownBound(const ZoneMap& zone, const ZoneBound& bound,
                         const duckdb::LogicalType& type) {
  if (zone.type != PhysicalType::kBytes) return BoundValue(bound, type);
  const std::string text(bound.Text());
  const bool is_text = type.id() == duckdb::LogicalTypeId::VARCHAR &&
                       duckdb::Value::StringIsValid(text.data(), text.size());
  return is_text ? duckdb::Value(text) : duckdb::Value(type);
}

BaseStatistics StatisticsOf(const ZoneMap& zone, const duckdb::LogicalType& type) {
  BaseStatistics statistics = BaseStatistics::CreateUnknown(type);
  switch (statistics.GetStatsType()) {
    case duckdb::StatisticsType::NUMERIC_STATS:
      SetNumericBounds(zone, type, statistics);
      break;
    case duckdb::StatisticsType::STRING_STATS:
      SetStringBounds(zone, statistics);
      break;
    default:
      break;
  }
  // CreateUnknown says that both kinds of rows may exist.
  if (zone.null_count == 0) statistics.Set(duckdb::StatsInfo::CANNOT_HAVE_NULL_VALUES);
  if (zone.value_count() == 0) statistics.Set(duckdb::StatsInfo::CANNOT_HAVE_VALID_VALUES);
  return statistics;
}

void Scale(ZoneBound& bound, int64_t factor) {
  const int64_t scaled = bound.As<int64_t>() * factor;
  std::memcpy(bound.bytes.data(), &scaled, sizeof(scaled));
}

}  // namespace

ZoneMap ScaledZone(const ZoneMap& zone, int64_t factor) {
  ZoneMap scaled = zone;
  Scale(scaled.min, factor);
  Scale(scaled.max, factor);
  return scaled;
}

duckdb::Value MinValue(const ZoneMap& zone, const duckdb::LogicalType& type) {
  const bool is_known = zone.has_min && type.id() != duckdb::LogicalTypeId::SQLNULL;
  return is_known ? ShownBound(zone, zone.min, type) : duckdb::Value(type);
}

duckdb::Value MaxValue(const ZoneMap& zone, const duckdb::LogicalType& type) {
  const bool is_known = zone.has_max && type.id() != duckdb::LogicalTypeId::SQLNULL;
  return is_known ? ShownBound(zone, zone.max, type) : duckdb::Value(type);
}

bool ExcludesBlock(const duckdb::TableFilter& filter, const ZoneMap& zone,
                   const duckdb::LogicalType& type) {
  BaseStatistics statistics = StatisticsOf(zone, type);
  return filter.CheckStatistics(statistics) == duckdb::FilterPropagateResult::FILTER_ALWAYS_FALSE;
}

}  // namespace luma::sql
