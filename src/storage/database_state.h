// Everything that was committed up to one commit: the catalog and the rows of every table.
#pragma once

#include <memory>

#include "storage/catalog_state.h"
#include "storage/persistent_map.h"
#include "storage/table_version.h"

namespace luma::storage {

// Immutable behind DatabaseStatePtr; the next state is made from a copy, which shares everything
// and costs a few pointers.
class DatabaseState {
 public:
  CommitNumber commit() const { return commit_; }
  // Rises with every state of a process, also when only runs moved and no commit was made.
  uint64_t version() const { return version_; }
  const CatalogStatePtr& catalog() const { return catalog_; }
  const RunTotals& totals() const { return totals_; }
  // Memory of the runs that a flush of this state would free; visits every run.
  uint64_t HotBytes() const;

  // Null when the table never had rows.
  TableVersionPtr Find(ObjectId table) const;
  // The same as a value; an empty version when there is none.
  TableVersion Table(ObjectId table) const;
  // In order of id.
  template <typename Visit>
  void ForEachTable(Visit&& visit) const {
    tables_.VisitAll([&](ObjectId id, const TableVersionPtr& version) {
      visit(id, version);
      return true;
    });
  }

  void set_commit(CommitNumber commit) { commit_ = commit; }
  void set_version(uint64_t version) { version_ = version; }
  void set_catalog(CatalogStatePtr catalog) { catalog_ = std::move(catalog); }
  void SetTable(ObjectId table, TableVersion version);
  void EraseTable(ObjectId table);

 private:
  CommitNumber commit_{};
  uint64_t version_ = 0;
  CatalogStatePtr catalog_ = CatalogState::Builtin();
  PersistentMap<ObjectId, TableVersionPtr> tables_;
  RunTotals totals_;
};
using DatabaseStatePtr = std::shared_ptr<const DatabaseState>;

}  // namespace luma::storage
