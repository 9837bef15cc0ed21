#include "storage/cold/table_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/crc32c.h"
#include "base/failpoint.h"
#include "storage/cold/cold_keys.h"
#include "storage/cold/cold_metrics.h"
#include "storage/cold/cold_run.h"

namespace luma::storage {
namespace {

constexpr std::string_view kStart = R"({"format":"lumadb-table","version":1,"writer_epoch":)";

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

bool IsPrintable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

// A bound as a JSON string; nothing for types and values that have no plain text.
std::optional<std::string> BoundText(const ZoneBound& bound, PhysicalType type) {
  switch (type) {
    case PhysicalType::kBool:
      return Quoted(bound.As<uint8_t>() != 0 ? "true" : "false");
    case PhysicalType::kInt8:
      return Quoted(fmt::format("{}", bound.As<int8_t>()));
    case PhysicalType::kInt16:
      return Quoted(fmt::format("{}", bound.As<int16_t>()));
    case PhysicalType::kInt32:
      return Quoted(fmt::format("{}", bound.As<int32_t>()));
    case PhysicalType::kInt64:
      return Quoted(fmt::format("{}", bound.As<int64_t>()));
    case PhysicalType::kUInt8:
      return Quoted(fmt::format("{}", bound.As<uint8_t>()));
    case PhysicalType::kUInt16:
      return Quoted(fmt::format("{}", bound.As<uint16_t>()));
    case PhysicalType::kUInt32:
      return Quoted(fmt::format("{}", bound.As<uint32_t>()));
    case PhysicalType::kUInt64:
      return Quoted(fmt::format("{}", bound.As<uint64_t>()));
    case PhysicalType::kFloat32:
      return Quoted(fmt::format("{}", bound.As<float>()));
    case PhysicalType::kFloat64:
      return Quoted(fmt::format("{}", bound.As<double>()));
    case PhysicalType::kBytes:
      if (IsPrintable(bound.Text())) return Quoted(bound.Text());
      return std::nullopt;
    case PhysicalType::kInt128:
    case PhysicalType::kUInt128:
    case PhysicalType::kInterval:
      return std::nullopt;
  }
  return std::nullopt;
}

std::string ColumnJson(const ColdSidecar& sidecar, size_t column) {
  ZoneMap zone = sidecar.Zone(column, 0);
  for (uint32_t block = 1; block < sidecar.block_count(); ++block) {
    MergeZoneMap(zone, sidecar.Zone(column, block));
  }
  const ColdColumn& of = sidecar.columns[column];
  std::string json =
      fmt::format(R"({{"id":{},"name":{},"type":{},"nulls":{})", static_cast<uint32_t>(of.id),
                  Quoted(of.name), Quoted(of.logical_type), zone.null_count);
  const auto min = zone.has_min ? BoundText(zone.min, zone.type) : std::nullopt;
  const auto max = zone.has_max ? BoundText(zone.max, zone.type) : std::nullopt;
  if (min) json += fmt::format(R"(,"min":{},"min_exact":{})", *min, zone.min_exact);
  if (max) json += fmt::format(R"(,"max":{},"max_exact":{})", *max, zone.max_exact);
  if (zone.has_nan) json += R"(,"has_nan":true)";
  return json + "}";
}

std::string ColumnsJson(const ColdSidecar& sidecar) {
  std::string json;
  for (size_t i = 0; i < sidecar.columns.size(); ++i) {
    json += (i == 0 ? "" : ",") + ColumnJson(sidecar, i);
  }
  return json;
}

// Positions as [first, count], ascending.
std::string StretchesJson(const DeleteBitmapPtr& deletes) {
  std::vector<std::pair<uint32_t, uint32_t>> stretches;
  if (deletes != nullptr) {
    deletes->ForEach([&](uint32_t position) {
      if (!stretches.empty() && stretches.back().first + stretches.back().second == position) {
        ++stretches.back().second;
      } else {
        stretches.emplace_back(position, 1);
      }
    });
  }
  std::string json;
  for (const auto& [first, count] : stretches) {
    json += fmt::format("{}[{},{}]", json.empty() ? "" : ",", first, count);
  }
  return json;
}

std::string FileJson(const RunVersion& version) {
  const auto& run = static_cast<const ColdRun&>(*version.run());
  const ColdObjectRecord& object = *run.record().cold;
  std::string json = fmt::format(
      R"({{"key":{},"bytes":{},"crc32c":"{:08x}","rows":{},"deleted_rows":{},"deleted":[{}])",
      Quoted(object.key), object.bytes, object.crc32c, version.row_count(), version.deleted_count(),
      StretchesJson(version.deletes()));
  if (const auto sidecar = run.sidecar()) {
    json += fmt::format(R"(,"columns":[{}])", ColumnsJson(*sidecar));
  }
  return json + "}";
}

// A store may have kept other bytes than were sent; then the next pass writes them again.
Status VerifyManifest(io::ObjectStore& store, const std::string& key, const std::string& json) {
  const io::ObjectDigest sent{.size_bytes = json.size(), .crc32c = Crc32c(AsBytes(json))};
  const Status verified = io::VerifyObject(store, key, sent);
  if (verified.code() != StatusCode::kCorruption) return verified;
  return Status::Unavailable("upload did not arrive whole: ", verified.message());
}

}  // namespace

std::optional<std::string> TableManifestJson(const DatabaseState& state, ObjectId table,
                                             uint64_t writer_epoch) {
  const CatalogObjectPtr object = state.catalog()->Find(table);
  std::string files;
  state.Table(table).ForEachRun([&](const RunVersionPtr& run) {
    if (run->run()->tier() != Tier::kCold) return;
    files += (files.empty() ? "\n" : ",\n") + FileJson(*run);
  });
  if (object == nullptr || files.empty()) return std::nullopt;
  const CatalogObjectPtr schema = state.catalog()->Find(object->schema_id);
  return fmt::format("{}{},\"table_id\":{},\"schema\":{},\"name\":{},\n\"files\":[{}\n]}}\n",
                     kStart, writer_epoch, static_cast<uint32_t>(table), Quoted(schema->name),
                     Quoted(object->name), files);
}

uint64_t WriterEpochOf(std::string_view json) {
  if (!json.starts_with(kStart)) return 0;
  json.remove_prefix(kStart.size());
  uint64_t epoch = 0;
  std::from_chars(json.data(), json.data() + json.size(), epoch);
  return epoch;
}

bool TableManifests::Source::operator==(const Source& other) const {
  const auto is_same = [](const File& a, const File& b) {
    return !a.run.owner_before(b.run) && !b.run.owner_before(a.run) &&
           a.has_sidecar == b.has_sidecar;
  };
  return table == other.table && schema == other.schema && name == other.name &&
         std::ranges::equal(files, other.files, is_same);
}

TableManifests::Sources TableManifests::SourcesOf(const DatabaseState& state) const {
  Sources sources;
  state.ForEachTable([&](ObjectId id, const TableVersionPtr& version) {
    const CatalogObjectPtr table = state.catalog()->Find(id);
    if (version->totals().cold_objects == 0 || table == nullptr) return;
    Source& source = sources[ColdManifestKey(prefix_, id)];
    source.table = id;
    source.schema = state.catalog()->Find(table->schema_id)->name;
    source.name = table->name;
    version->ForEachRun([&](const RunVersionPtr& run) {
      if (run->run()->tier() != Tier::kCold) return;
      const auto& cold = static_cast<const ColdRun&>(*run->run());
      source.files.push_back({.run = run, .has_sidecar = cold.sidecar() != nullptr});
    });
  });
  return sources;
}

bool TableManifests::IsUpToDate(const DatabaseState& state) const {
  return has_looked_ && std::ranges::equal(SourcesOf(state), published_,
                                           [](const auto& wanted, const auto& there) {
                                             return wanted.first == there.first &&
                                                    there.second == wanted.second;
                                           });
}

Status TableManifests::Publish(const DatabaseState& state) {
  LUMA_FAILPOINT("cold.before_publish");
  LUMA_RETURN_IF_ERROR(FindPublished());
  Sources wanted = SourcesOf(state);
  for (auto& [key, source] : wanted) {
    std::optional<Source>& published = published_[key];
    if (published == source) continue;
    const std::string json = *TableManifestJson(state, source.table, epoch_);
    ColdMetrics::Get().table_manifests.Add();
    LUMA_RETURN_IF_ERROR(Replace(key, json));
    LUMA_RETURN_IF_ERROR(VerifyManifest(tier_.store(), key, json));
    published = std::move(source);
  }
  for (auto at = published_.begin(); at != published_.end();) {
    if (!wanted.contains(at->first)) {
      LUMA_RETURN_IF_ERROR(tier_.store().Delete(at->first));
      at = published_.erase(at);
    } else {
      ++at;
    }
  }
  return Status::Ok();
}

// Once: tables may have lost their cold runs while no server ran, or in a crash.
Status TableManifests::FindPublished() {
  if (has_looked_) return Status::Ok();
  LUMA_ASSIGN_OR_RETURN(const auto objects, tier_.store().List(prefix_));
  for (const io::ObjectInfo& object : objects) {
    if (object.key.ends_with("/manifest.json")) published_.try_emplace(object.key);
  }
  has_looked_ = true;
  return Status::Ok();
}

Status TableManifests::Replace(const std::string& key, const std::string& json) {
  const Result<io::VersionedBytes> there = tier_.store().GetVersioned(key);
  const bool is_missing = there.status().code() == StatusCode::kNotFound;
  if (!there.ok() && !is_missing) return there.status();
  if (!is_missing && AsText(there->bytes) == json) return Status::Ok();
  if (!is_missing && WriterEpochOf(AsText(there->bytes)) > epoch_) {
    return Status::Conflict("a later writer keeps this database's cold tier: object=", key);
  }
  const Status put = is_missing
                         ? tier_.store().PutIfAbsent(key, AsBytes(json))
                         : tier_.store().Replace(key, AsBytes(json), there->version).status();
  if (put.code() != StatusCode::kUnsupported) return put;
  return tier_.store().Put(key, AsBytes(json));  // a store without conditions
}

}  // namespace luma::storage
