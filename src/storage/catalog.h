// The catalog: every named object, immutable per version, changed only by commits.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/schema.h"

namespace luma::storage {

// Numbers commits in the order of the log; 0 is the empty database.
enum class CommitNumber : uint64_t {};

enum class ObjectKind : uint8_t {
  kSchema = 1,
  kTable = 2,
  kView = 3,
  kSequence = 4,
  kType = 5,
  kScalarMacro = 6,
  kTableMacro = 7,
  kIndex = 8,  // a named unique or plain index; its table is in `table_id`
};

struct SequenceOptions {
  int64_t start = 1;
  int64_t increment = 1;
  int64_t min_value = 1;
  int64_t max_value = INT64_MAX;
  bool cycle = false;
};

// One object. Immutable once in a catalog; an ALTER replaces the entry under the same id.
struct CatalogObject {
  ObjectId id{};
  ObjectId schema_id{};  // kInvalidObjectId for schemas
  ObjectKind kind{};
  std::string name;
  // The commit that wrote this version; kept by the engine. Changed since a transaction's snapshot
  // means a conflict for everything that transaction did to the object.
  CommitNumber modified{};
  std::shared_ptr<const TableSchema> table;  // kTable
  SequenceOptions sequence;                  // kSequence
  ObjectId table_id{};                       // kIndex
  std::string definition;                    // view, type, macro, index: text owned by src/sql
  std::string comment;
  std::vector<ObjectId> depends_on;  // objects that cannot be dropped while this one exists
  bool is_builtin = false;           // cannot be dropped; only options change
};
using CatalogObjectPtr = std::shared_ptr<const CatalogObject>;

// Names are unique per (schema, name space); views, tables, sequences and indexes share one name
// space, types and macros have their own. Lookup is case-insensitive (ASCII), as in DuckDB; the
// spelling of CREATE is kept.
enum class NameSpace : uint8_t { kSchema, kRelation, kType, kMacro };
NameSpace NameSpaceOf(ObjectKind kind);

// Read access to one consistent version of the catalog, with a transaction's own changes applied.
// Threads: as its transaction. Pointers stay valid for as long as they are held.
class CatalogReader {
 public:
  virtual ~CatalogReader() = default;
  virtual CatalogObjectPtr Find(ObjectId id) const = 0;  // null when absent
  virtual CatalogObjectPtr Find(ObjectId schema, NameSpace space, std::string_view name) const = 0;
  CatalogObjectPtr FindSchema(std::string_view name) const {
    return Find(kInvalidObjectId, NameSpace::kSchema, name);
  }
  // In order of id. `schema` kInvalidObjectId with kSchema lists the schemas.
  virtual void ForEach(ObjectId schema, ObjectKind kind,
                       const std::function<void(const CatalogObjectPtr&)>& visit) const = 0;
  // Objects whose depends_on names `id`.
  virtual std::vector<CatalogObjectPtr> Dependents(ObjectId id) const = 0;
};

// Built-in schemas, present in every database.
inline constexpr ObjectId kPublicSchemaId{2200};  // "public", PostgreSQL's OID for it
inline constexpr ObjectId kMetricsSchemaId{
    100};  // "metrics": one relation per metric, made by src/sql
inline constexpr ObjectId kLumaSchemaId{101};  // "luma": telemetry tables and internals
inline constexpr ObjectId kStoreSchemaId{
    102};  // "luma_storage": what the store is made of, views made by src/sql
// Built-in tables (schema luma): see docs/formats/metrics_tables.md.
inline constexpr ObjectId kSeriesTableId{200};
inline constexpr ObjectId kSamplesTableId{201};
inline constexpr ObjectId kRollupsTableId{202};
inline constexpr ObjectId kHistogramsTableId{203};
inline constexpr ObjectId kExemplarsTableId{204};
inline constexpr ObjectId kStartTimesTableId{205};  // of samples that have one
// Samples are rows of either.
inline constexpr ObjectId kSampleTableIds[] = {kSamplesTableId, kHistogramsTableId};

}  // namespace luma::storage
