// Edits that use every part of the manifest, and a comparison of states, for its tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/catalog_codec.h"
#include "storage/manifest/manifest.h"

namespace luma::storage {

inline const io::Path kDirectory = "/db/manifest";
inline constexpr ObjectId kTableId{20000};
inline constexpr ObjectId kSequenceId{20001};

inline Manifest::Opened MustOpen(io::FileSystem& fs) {
  auto opened = Manifest::Open(fs, kDirectory);
  EXPECT_TRUE(opened.ok()) << opened.status();
  return std::move(opened).value();
}

inline RunRecord SampleRun(uint32_t id) {
  RunRecord run;
  run.id = RunId{id};
  run.row_count = 1000 + id;
  run.file_name = std::to_string(id) + ".seg";
  run.file_bytes = 1u << 20;
  run.footer_crc = 0xabcd0000 + id;
  return run;
}

inline RunRecord SampleColdRun(uint32_t id) {
  RunRecord run = SampleRun(id);
  run.file_name = std::to_string(id) + ".sidecar";
  run.cold = ColdObjectRecord{.key = "db/201/" + std::to_string(id) + ".parquet",
                              .bytes = 5u << 20,
                              .crc32c = 0x1234'0000 + id};
  return run;
}

inline ManifestEdit CheckpointEdit(uint64_t commit) {
  ManifestEdit edit;
  edit.checkpoint = Checkpoint{.commit = CommitNumber{commit}, .replay_from = Lsn{commit + 1}};
  return edit;
}

inline CatalogObjectPtr NamedObject(ObjectId id, ObjectKind kind, std::string name) {
  CatalogObject object;
  object.id = id;
  object.schema_id = kPublicSchemaId;
  object.kind = kind;
  object.name = std::move(name);
  object.modified = CommitNumber{3};
  if (kind == ObjectKind::kTable) object.table = std::make_shared<const TableSchema>();
  return std::make_shared<const CatalogObject>(std::move(object));
}

// Applied in order to an empty state they are valid.
inline std::vector<ManifestEdit> SampleEdits() {
  std::vector<ManifestEdit> edits(4);
  edits[0].checkpoint = CheckpointEdit(100).checkpoint;
  edits[0].next_object_id = ObjectId{20002};
  edits[0].catalog = {
      CatalogChange::Put(NamedObject(kTableId, ObjectKind::kTable, "orders")),
      CatalogChange::Put(NamedObject(kSequenceId, ObjectKind::kSequence, "orders_id"))};
  edits[0].sequences = {{kSequenceId, {.value = 32, .is_called = true}}};
  edits[1].tables = {
      {.id = kTableId, .next_run = RunId{3}, .added = {SampleRun(1), SampleRun(2)}},
      {.id = kSamplesTableId, .next_run = RunId{3}, .added = {SampleRun(2), SampleColdRun(1)}}};
  edits[1].tables[0].added[1].delete_bitmap = Bytes(5, std::byte{7});
  edits[2].tables = {{.id = kTableId,
                      .next_run = RunId{5},
                      .removed = {RunId{1}, RunId{2}},
                      .added = {SampleRun(4)},
                      .bitmaps = {{RunId{4}, Bytes(3, std::byte{9})}}}};
  edits[2].sequences = {{kSequenceId, {.value = -64, .is_called = false}}};
  edits[3] = CheckpointEdit(300);
  return edits;
}

inline Bytes ObjectBytes(const ManifestState& state) {
  Bytes bytes;
  ByteWriter writer(bytes);
  for (const auto& [id, object] : state.objects) EncodeCatalogObject(*object, writer);
  return bytes;
}

inline void ExpectSameState(const ManifestState& actual, const ManifestState& expected) {
  EXPECT_EQ(actual.uuid, expected.uuid);
  EXPECT_EQ(actual.epoch, expected.epoch);
  EXPECT_EQ(actual.checkpoint, expected.checkpoint);
  EXPECT_EQ(actual.next_object_id, expected.next_object_id);
  EXPECT_EQ(ObjectBytes(actual), ObjectBytes(expected));
  EXPECT_EQ(actual.tables, expected.tables);
  EXPECT_EQ(actual.sequences, expected.sequences);
}

}  // namespace luma::storage
