#include "storage/manifest/manifest_state.h"

#include <utility>

namespace luma::storage {
namespace {

Status Refuse(std::string_view what, uint64_t id) {
  return Status::InvalidArgument("bad manifest edit: ", what, ": id=", id);
}
Status RefuseRun(std::string_view what, ObjectId table, RunId run) {
  return Status::InvalidArgument("bad manifest edit: ", what,
                                 ": table=", static_cast<uint32_t>(table),
                                 " run=", static_cast<uint32_t>(run));
}

Status ApplyToTable(const TableEdit& edit, TableRecord& table) {
  const RunId next_run = edit.next_run.value_or(table.next_run);
  if (next_run < table.next_run) return RefuseRun("next run goes back", edit.id, next_run);
  table.next_run = next_run;
  for (const RunId run : edit.removed) {
    if (table.runs.erase(run) == 0) return RefuseRun("no run to remove", edit.id, run);
  }
  for (const RunRecord& run : edit.added) {
    if (run.id >= next_run) return RefuseRun("run above next run", edit.id, run.id);
    if (!table.runs.emplace(run.id, run).second) return RefuseRun("run exists", edit.id, run.id);
  }
  for (const auto& [run, bitmap] : edit.bitmaps) {
    const auto found = table.runs.find(run);
    if (found == table.runs.end()) return RefuseRun("no run for a bitmap", edit.id, run);
    found->second.delete_bitmap = bitmap;
  }
  return Status::Ok();
}

}  // namespace

Status ManifestState::Apply(const ManifestEdit& edit) {
  LUMA_RETURN_IF_ERROR(ApplyNumbers(edit));
  for (const CatalogChange& change : edit.catalog) {
    if (change.put != nullptr) {
      objects[change.id] = change.put;
      continue;
    }
    if (objects.erase(change.id) == 0) {
      return Refuse("no object to drop", static_cast<uint32_t>(change.id));
    }
    tables.erase(change.id);
    sequences.erase(change.id);
  }
  for (const TableEdit& table : edit.tables) {
    LUMA_RETURN_IF_ERROR(ApplyToTable(table, tables[table.id]));
  }
  for (const auto& [id, sequence] : edit.sequences) sequences[id] = sequence;
  return Status::Ok();
}

Status ManifestState::ApplyNumbers(const ManifestEdit& edit) {
  if (edit.uuid.has_value()) uuid = *edit.uuid;
  if (edit.epoch.has_value()) {
    if (*edit.epoch <= epoch) return Refuse("epoch does not rise", *edit.epoch);
    epoch = *edit.epoch;
  }
  if (edit.checkpoint.has_value()) {
    const bool back = edit.checkpoint->commit < checkpoint.commit ||
                      edit.checkpoint->replay_from < checkpoint.replay_from;
    if (back) return Refuse("checkpoint goes back", ToNumber(edit.checkpoint->replay_from));
    checkpoint = *edit.checkpoint;
  }
  if (edit.next_object_id.has_value()) {
    if (*edit.next_object_id < next_object_id) {
      return Refuse("next object goes back", static_cast<uint32_t>(*edit.next_object_id));
    }
    next_object_id = *edit.next_object_id;
  }
  return Status::Ok();
}

ManifestEdit ManifestState::ToEdit() const {
  ManifestEdit edit;
  edit.uuid = uuid;
  edit.epoch = epoch;
  edit.checkpoint = checkpoint;
  edit.next_object_id = next_object_id;
  for (const auto& [id, object] : objects) edit.catalog.push_back(CatalogChange::Put(object));
  for (const auto& [id, table] : tables) {
    TableEdit& table_edit = edit.tables.emplace_back();
    table_edit.id = id;
    table_edit.next_run = table.next_run;
    for (const auto& [run_id, run] : table.runs) table_edit.added.push_back(run);
  }
  edit.sequences.assign(sequences.begin(), sequences.end());
  return edit;
}

}  // namespace luma::storage
