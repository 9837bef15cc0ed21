// Names of what the cold tier keeps in an object store and below the data directory.
//
//   <key_prefix><uuid>/<table id>/<stem>.parquet            the rows of a run
//   <key_prefix><uuid>/<table id>/<stem>.parquet.sidecar    its sidecar
//   <key_prefix><uuid>/<table id>/manifest.json             what the table has there, for others
//   <key_prefix><uuid>/owner.json                           whose all this is: cold_owner.h
//   <data directory>/cold/<stem>.sidecar                    the sidecar again
//
// `stem` is Flusher::NextFileStem, whose third number is the epoch of the writer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/manifest/manifest_state.h"

namespace luma::storage {

inline constexpr std::string_view kColdSidecarSuffix = ".sidecar";

// "<key_prefix><uuid>/": before the keys of all objects of one database.
std::string ColdDatabasePrefix(std::string_view key_prefix, const DatabaseUuid& uuid);
std::string ColdTablePrefix(std::string_view database_prefix, ObjectId table);
std::string ColdOwnerKey(std::string_view database_prefix);
std::string ColdManifestKey(std::string_view database_prefix, ObjectId table);
inline std::string ColdSidecarKey(std::string_view object_key) {
  return std::string(object_key) + std::string(kColdSidecarSuffix);
}

// The epoch of who wrote an object of a run; nothing for any other key.
std::optional<uint64_t> EpochOfColdKey(std::string_view key);

}  // namespace luma::storage
