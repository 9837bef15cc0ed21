// What a table has in the cold tier, for other engines: docs/formats/cold_table_manifest.md. Why it
// is no Iceberg: docs/adr/0005-open-table-manifest.md.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/cold/cold_tier.h"
#include "storage/database_state.h"

namespace luma::storage {

// The manifest of one table as JSON; nothing when it has no cold runs. A pure function but for what
// cold runs know of their sidecars.
std::optional<std::string> TableManifestJson(const DatabaseState& state, ObjectId table,
                                             uint64_t writer_epoch);
// Of a manifest; 0 for anything else.
uint64_t WriterEpochOf(std::string_view json);

// Keeps the manifests in the object store up to date: one for each table with cold runs.
// Threads: one at a time. Lifetime: `tier` outlives it.
class TableManifests {
 public:
  TableManifests(ColdTier& tier, std::string database_prefix, uint64_t writer_epoch)
      : tier_(tier), prefix_(std::move(database_prefix)), epoch_(writer_epoch) {}

  // Replaces manifests that differ from `state` and deletes those of tables without cold runs. The
  // first call compares all with what the store has. Errors: those of the store, after which the
  // next call tries again; kConflict when a later writer of this database has replaced one.
  Status Publish(const DatabaseState& state);
  // Whether Publish would have nothing to do. Makes no JSON.
  bool IsUpToDate(const DatabaseState& state) const;

 private:
  // What a manifest is made of: equal ones make equal manifests.
  struct Source {
    ObjectId table{};
    std::string schema;
    std::string name;
    struct File {
      std::weak_ptr<const RunVersion> run;  // weak: the objects of obsolete runs are to go
      bool has_sidecar = false;
    };
    std::vector<File> files;

    bool operator==(const Source& other) const;
  };
  using Sources = std::map<std::string, Source>;  // by key

  Sources SourcesOf(const DatabaseState& state) const;
  Status FindPublished();
  Status Replace(const std::string& key, const std::string& json);

  ColdTier& tier_;
  const std::string prefix_;
  const uint64_t epoch_;
  bool has_looked_ = false;
  // By key; nothing: there is one, of unknown content.
  std::map<std::string, std::optional<Source>> published_;
};

}  // namespace luma::storage
