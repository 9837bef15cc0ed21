#include "storage/recovery.h"

#include <utility>

#include "storage/cold/cold_run.h"
#include "storage/replay.h"
#include "storage/warm_run.h"

namespace luma::storage {
namespace {

struct Files {
  io::FileSystem& fs;
  const DataDirectory& directory;
  ColdTier& cold;
  BlockCache* cache;
};

Result<RunPtr> OpenWarm(const Files& files, ObjectId table, const RunRecord& record) {
  const ExpectedSegment expected{.table_id = table,
                                 .run_id = record.id,
                                 .file = {.file_bytes = record.file_bytes,
                                          .row_count = record.row_count,
                                          .footer_crc = record.footer_crc}};
  const io::Path path = files.directory.segment(record.file_name);
  auto reader = SegmentReader::Open(files.fs, path, expected);
  if (reader.status().code() == StatusCode::kNotFound) {
    return Status::Corruption("segment file is missing: path=", path);
  }
  if (!reader.ok()) return reader.status();
  return RunPtr(std::make_shared<const WarmRun>(files.fs, record.file_name, record.file_bytes,
                                                record.layout, std::move(reader).value(),
                                                files.cache));
}

Result<RunVersionPtr> OpenRun(const Files& files, ObjectId table, const RunRecord& record) {
  RunPtr run;
  if (record.cold) {
    run = std::make_shared<const ColdRun>(files.cold, table, record, record.layout);
  } else {
    LUMA_ASSIGN_OR_RETURN(run, OpenWarm(files, table, record));
  }
  DeleteBitmapPtr deletes;
  if (!record.delete_bitmap.empty()) {
    Result<DeleteBitmap> bitmap = DeleteBitmap::Deserialize(record.delete_bitmap);
    if (!bitmap.ok()) return bitmap.status().WithContext("manifest, run in " + record.file_name);
    deletes = std::make_shared<const DeleteBitmap>(std::move(bitmap).value());
  }
  return std::make_shared<const RunVersion>(std::move(run), record.row_count, std::move(deletes));
}

Result<DatabaseState> OpenCheckpoint(const Files& files, const ManifestState& manifest) {
  DatabaseState state;
  state.set_commit(manifest.checkpoint.commit);
  std::vector<CatalogObjectPtr> objects;
  for (const auto& [id, object] : manifest.objects) objects.push_back(object);
  LUMA_ASSIGN_OR_RETURN(CatalogStatePtr catalog, CatalogState::Restore(objects));
  state.set_catalog(std::move(catalog));
  for (const auto& [id, table] : manifest.tables) {
    TableVersion version;
    for (const auto& [run_id, record] : table.runs) {
      LUMA_ASSIGN_OR_RETURN(RunVersionPtr run, OpenRun(files, id, record));
      version.AddSealed(std::move(run));
    }
    version.set_next_run(table.next_run);
    version.set_modified(manifest.checkpoint.commit);
    state.SetTable(id, std::move(version));
  }
  return state;
}

}  // namespace

Result<RecoveredDatabase> Recover(io::FileSystem& fs, const DataDirectory& directory,
                                  const ManifestState& manifest, MemoryBudget& budget,
                                  ColdTier& cold, BlockCache* cache) {
  LUMA_ASSIGN_OR_RETURN(DatabaseState checkpoint,
                        OpenCheckpoint({fs, directory, cold, cache}, manifest));
  Replay replay(checkpoint, manifest, budget);
  const auto apply = [&](Lsn lsn, ByteSpan payload) { return replay.Apply(lsn, payload); };
  RecoveredDatabase recovered;
  LUMA_ASSIGN_OR_RETURN(recovered.wal_end,
                        ReplayWal(fs, directory.wal(), manifest.checkpoint.replay_from, apply));
  // Replay begins before the checkpoint, for rows that are in no segment file, and must reach it.
  if (ToNumber(recovered.wal_end.last_lsn) < static_cast<uint64_t>(manifest.checkpoint.commit)) {
    return Status::Corruption("log ends before the checkpoint: path=", directory.wal(),
                              " last_lsn=", ToNumber(recovered.wal_end.last_lsn),
                              " checkpoint=", static_cast<uint64_t>(manifest.checkpoint.commit));
  }
  recovered.sequences = replay.Counters();
  recovered.next_object_id = replay.next_object_id();
  MovedDeletes moved_deletes = replay.TakeMovedDeletes();
  if (!moved_deletes.empty()) recovered.moved_deletes = std::move(moved_deletes);
  recovered.state = std::make_shared<const DatabaseState>(replay.Finish());
  recovered.checkpoint = std::make_shared<const DatabaseState>(std::move(checkpoint));
  return recovered;
}

}  // namespace luma::storage
