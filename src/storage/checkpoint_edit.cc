#include "storage/checkpoint_edit.h"

#include <utility>
#include <vector>

#include "base/check.h"

namespace luma::storage {
namespace {

Bytes BitmapBytes(const DeleteBitmapPtr& deletes) {
  return deletes == nullptr ? Bytes() : deletes->Serialize();
}

std::vector<CatalogChange> CatalogChanges(const CatalogState& before, const CatalogState& after) {
  std::vector<CatalogChange> changes;
  before.ForEach([&](const CatalogObjectPtr& object) {
    if (after.Find(object->id) == nullptr) changes.push_back(CatalogChange::Drop(object->id));
  });
  after.ForEach([&](const CatalogObjectPtr& object) {
    if (before.Find(object->id) != object) {
      changes.push_back(CatalogChange::Put(object));
    }
  });
  return changes;
}

// A merged run has the id of one that it replaces.
bool HasSameFile(const TableVersion& version, const RunVersion& run) {
  const RunVersionPtr found = version.Find(run.id());
  return found != nullptr && found->run() == run.run();
}

TableEdit EditOf(ObjectId id, const TableVersion& before, const TableVersion& after,
                 const NewRuns& new_runs) {
  TableEdit edit;
  edit.id = id;
  if (before.next_run() != after.next_run()) edit.next_run = after.next_run();
  before.ForEachRun([&](const RunVersionPtr& run) {
    if (!HasSameFile(after, *run)) edit.removed.push_back(run->id());
  });
  after.ForEachRun([&](const RunVersionPtr& run) {
    if (!HasSameFile(before, *run)) {
      const auto record = new_runs.find({id, run->id()});
      LUMA_CHECK(record != new_runs.end());
      edit.added.push_back(record->second);
      edit.added.back().delete_bitmap = BitmapBytes(run->deletes());
      edit.added.back().layout = run->run()->layout();
    } else if (before.Find(run->id())->deletes() != run->deletes()) {
      edit.bitmaps.emplace_back(run->id(), BitmapBytes(run->deletes()));
    }
  });
  return edit;
}

bool IsEmpty(const TableEdit& edit) {
  return !edit.next_run && edit.removed.empty() && edit.added.empty() && edit.bitmaps.empty();
}

}  // namespace

ManifestEdit CheckpointEdit(const DatabaseState& before, const DatabaseState& after,
                            const NewRuns& new_runs) {
  ManifestEdit edit;
  edit.catalog = CatalogChanges(*before.catalog(), *after.catalog());
  // A table that is in `before` only was dropped, and its runs with it.
  after.ForEachTable([&](ObjectId id, const TableVersionPtr& version) {
    TableEdit table = EditOf(id, before.Table(id), *version, new_runs);
    if (!IsEmpty(table)) edit.tables.push_back(std::move(table));
  });
  return edit;
}

}  // namespace luma::storage
