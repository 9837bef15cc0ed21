// One committed version of the catalog, and a transaction's changes on top of one.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/status.h"
#include "storage/catalog.h"
#include "storage/persistent_map.h"

namespace luma::storage {

// One object written (`put`, whose id is `id`) or, when `put` is null, dropped.
struct CatalogChange {
  ObjectId id{};
  CatalogObjectPtr put;

  static CatalogChange Put(CatalogObjectPtr object) {
    const ObjectId id = object->id;
    return {.id = id, .put = std::move(object)};
  }
  static CatalogChange Drop(ObjectId id) { return {.id = id, .put = nullptr}; }
};

class CatalogState;
using CatalogStatePtr = std::shared_ptr<const CatalogState>;

// Immutable. Threads: any. Applying a change costs O(log n) in time and memory; versions share the
// rest.
class CatalogState final : public CatalogReader {
 public:
  // The empty database: schemas public, metrics, luma and luma_storage, tables luma.series and
  // luma.samples.
  static const CatalogStatePtr& Builtin();
  // Builtin() plus `objects` as recovery read them, their `modified` kept.
  // Errors: kCorruption when they cannot have been written by a database.
  static Result<CatalogStatePtr> Restore(std::span<const CatalogObjectPtr> objects);

  // The version after `changes`, at most one per id, with `modified` of every put set to `commit`.
  // The changes count as simultaneous: two objects may swap names. Errors, all of them the work of
  // a concurrent commit if the changes come from a CatalogOverlay on an older version:
  //   kAlreadyExists  a name is taken by another object
  //   kNotFound       a dropped object, or the schema or a dependency of a put, does not exist
  //   kDependency     a dropped object still has members or dependents
  //   kPermissionDenied  a change of a built-in object other than of a table's options
  Result<CatalogStatePtr> Apply(std::span<const CatalogChange> changes, CommitNumber commit) const;

  using CatalogReader::FindSchema;
  CatalogObjectPtr Find(ObjectId id) const override;
  CatalogObjectPtr Find(ObjectId schema, NameSpace space, std::string_view name) const override;
  void ForEach(ObjectId schema, ObjectKind kind,
               const std::function<void(const CatalogObjectPtr&)>& visit) const override;
  std::vector<CatalogObjectPtr> Dependents(ObjectId id) const override;

  // Every object, built-in ones included, in order of id.
  void ForEach(const std::function<void(const CatalogObjectPtr&)>& visit) const;
  size_t size() const { return objects_.size(); }

 private:
  friend class CatalogOverlay;
  using NameKey = std::tuple<ObjectId, NameSpace, std::string>;  // name in lower case
  using MemberKey = std::tuple<ObjectId, ObjectKind, ObjectId>;  // schema, kind, object
  using DependencyKey = std::pair<ObjectId, ObjectId>;           // needed, dependent

  CatalogState() = default;
  // Keep the indexes in step with the objects; neither checks anything.
  void Insert(const CatalogObjectPtr& object);
  void Erase(const CatalogObject& object);
  // Takes out what `changes` replace or drop, then puts in what they put. After an error the state
  // is useless.
  Status Replace(std::span<const CatalogChange> changes);
  Status CheckNameFree(const CatalogObject& object) const;
  Status CheckNeeds(const CatalogObject& object) const;
  Status CheckUnused(ObjectId dropped) const;

  PersistentMap<ObjectId, CatalogObjectPtr> objects_;
  PersistentMap<NameKey, CatalogObjectPtr> names_;
  PersistentMap<MemberKey, CatalogObjectPtr> members_;
  PersistentMap<DependencyKey, CatalogObjectPtr> dependents_;
};

// A version of the catalog with a transaction's uncommitted changes applied.
// Threads: one at a time.
class CatalogOverlay final : public CatalogReader {
 public:
  explicit CatalogOverlay(CatalogStatePtr base) : base_(std::move(base)), current_(*base_) {}

  // Adds the object, or replaces the one with its id; `modified` of a replaced one is kept.
  // Errors: kAlreadyExists (name taken), kNotFound (its schema), kPermissionDenied (built in).
  Status Put(CatalogObject object);
  // Errors: kNotFound, kPermissionDenied. Members and dependents are the caller's business.
  Status Drop(ObjectId id);

  // The net effect, in order of id: an object created and dropped again leaves no trace.
  std::vector<CatalogChange> Changes() const;
  bool has_changes() const { return !changes_.empty(); }
  const CatalogStatePtr& base() const { return base_; }

  CatalogObjectPtr Find(ObjectId id) const override { return current_.Find(id); }
  CatalogObjectPtr Find(ObjectId schema, NameSpace space, std::string_view name) const override {
    return current_.Find(schema, space, name);
  }
  void ForEach(ObjectId schema, ObjectKind kind,
               const std::function<void(const CatalogObjectPtr&)>& visit) const override {
    current_.ForEach(schema, kind, visit);
  }
  std::vector<CatalogObjectPtr> Dependents(ObjectId id) const override {
    return current_.Dependents(id);
  }

 private:
  Status Change(const CatalogChange& change);

  CatalogStatePtr base_;
  CatalogState current_;
  std::map<ObjectId, CatalogChange> changes_;
};

}  // namespace luma::storage
