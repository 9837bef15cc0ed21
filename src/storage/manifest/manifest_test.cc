#include "storage/manifest/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/crc32c.h"
#include "io/sim_disk.h"
#include "storage/manifest/manifest_codec.h"
#include "storage/manifest/manifest_test_states.h"

namespace luma::storage {
namespace {

using testing::HasSubstr;

io::Path FileInUse(io::FileSystem& fs) {
  const std::vector<std::string> names = *fs.List(kDirectory);
  EXPECT_THAT(names, testing::ElementsAre("CURRENT", testing::StartsWith("MANIFEST-")));
  return io::JoinPath(kDirectory, names.back());
}

TEST(ManifestTest, StateComesBackAfterReopen) {
  io::SimDisk disk;
  auto first = MustOpen(disk);
  EXPECT_TRUE(first.created);
  ManifestState expected = first.state;
  for (const ManifestEdit& edit : SampleEdits()) {
    ASSERT_TRUE(first.manifest->Append(edit).ok());
    ASSERT_TRUE(expected.Apply(edit).ok());
  }
  ExpectSameState(first.manifest->State(), expected);
  first.manifest.reset();

  const auto second = MustOpen(disk);
  EXPECT_FALSE(second.created);
  EXPECT_EQ(second.state.epoch, expected.epoch + 1);
  expected.epoch = second.state.epoch;
  ExpectSameState(second.state, expected);
  ExpectSameState(*Manifest::Read(disk, kDirectory), expected);
}

TEST(ManifestTest, ReopenLeavesOneCompactedFile) {
  io::SimDisk disk;
  MustOpen(disk);
  const uint64_t size = *disk.FileSize(FileInUse(disk));
  for (int i = 0; i < 5; ++i) MustOpen(disk);
  EXPECT_THAT(*disk.List(kDirectory), testing::ElementsAre("CURRENT", "MANIFEST-000006"));
  EXPECT_EQ(*disk.FileSize(FileInUse(disk)), size);
}

TEST(ManifestTest, FileThatGrewTooLargeIsReplaced) {
  io::SimDisk disk;
  auto opened = *Manifest::Open(disk, kDirectory, {.file_bytes_max = 2000});
  for (uint64_t commit = 1; commit <= 200; ++commit) {
    ASSERT_TRUE(opened.manifest->Append(CheckpointEdit(commit)).ok());
  }
  EXPECT_LT(opened.manifest->file_bytes(), 2100u);
  EXPECT_EQ(disk.List(kDirectory)->size(), 2u);
  EXPECT_EQ(MustOpen(disk).state.checkpoint.commit, CommitNumber{200});
}

TEST(ManifestTest, RefusedEditChangesNothing) {
  io::SimDisk disk;
  auto opened = MustOpen(disk);
  for (const ManifestEdit& edit : SampleEdits()) {
    ASSERT_TRUE(opened.manifest->Append(edit).ok());
  }
  const ManifestState before = opened.manifest->State();
  std::vector<ManifestEdit> bad(6);
  bad[0] = CheckpointEdit(1);
  bad[1].next_object_id = kFirstUserObjectId;
  bad[2].catalog = {CatalogChange::Drop(ObjectId{99999})};
  bad[3].tables = {{.id = kSamplesTableId, .removed = {RunId{77}}}};
  bad[4].tables = {{.id = kSamplesTableId, .added = {SampleRun(500)}}};
  bad[5].tables = {{.id = kSamplesTableId, .bitmaps = {{RunId{77}, Bytes(1)}}}};
  for (const ManifestEdit& edit : bad) {
    EXPECT_EQ(opened.manifest->Append(edit).code(), StatusCode::kInvalidArgument);
  }
  ExpectSameState(opened.manifest->State(), before);
  opened.manifest.reset();
  EXPECT_EQ(MustOpen(disk).state.tables, before.tables);
}

TEST(ManifestTest, DroppedObjectTakesItsRunsAndSequenceAlong) {
  io::SimDisk disk;
  auto opened = MustOpen(disk);
  for (const ManifestEdit& edit : SampleEdits()) {
    ASSERT_TRUE(opened.manifest->Append(edit).ok());
  }
  ManifestEdit drop;
  drop.catalog = {CatalogChange::Drop(kTableId), CatalogChange::Drop(kSequenceId)};
  ASSERT_TRUE(opened.manifest->Append(drop).ok());
  opened.manifest.reset();
  const ManifestState state = MustOpen(disk).state;
  EXPECT_FALSE(state.tables.contains(kTableId));
  EXPECT_FALSE(state.sequences.contains(kSequenceId));
  EXPECT_TRUE(state.tables.contains(kSamplesTableId));
}

TEST(ManifestTest, FullDiskHealsAndTheFailedEditIsGone) {
  io::SimDisk disk;
  auto opened = MustOpen(disk);
  ASSERT_TRUE(opened.manifest->Append(CheckpointEdit(5)).ok());
  ManifestEdit big;
  big.tables = {{.id = kSamplesTableId, .next_run = RunId{9}, .added = {SampleRun(1)}}};
  big.tables[0].added[0].delete_bitmap.resize(100'000);
  disk.SetCapacity(20'000);
  EXPECT_EQ(opened.manifest->Append(big).code(), StatusCode::kDiskFull);
  EXPECT_EQ(opened.manifest->Append(big).code(), StatusCode::kDiskFull);
  disk.SetCapacity(UINT64_MAX);
  ASSERT_TRUE(opened.manifest->Append(CheckpointEdit(6)).ok());
  opened.manifest.reset();
  const ManifestState state = MustOpen(disk).state;
  EXPECT_EQ(state.checkpoint.commit, CommitNumber{6});
  EXPECT_TRUE(state.tables.empty());
}

TEST(ManifestTest, FailedSyncIsNeverTrustedAgain) {
  io::SimDisk disk;
  auto opened = MustOpen(disk);
  // Steps of an append: write, sync, seal.
  disk.SetFault(io::SimFault{.step = disk.steps() + 1, .code = StatusCode::kIoError});
  EXPECT_EQ(opened.manifest->Append(CheckpointEdit(5)).code(), StatusCode::kIoError);
  disk.SetFault(std::nullopt);
  ASSERT_TRUE(opened.manifest->Append(CheckpointEdit(6)).ok());
  io::SimDisk after = disk.Reboot();
  EXPECT_EQ(MustOpen(after).state.checkpoint.commit, CommitNumber{6});
}

TEST(ManifestTest, LostCurrentIsCorruptionNotAnEmptyDatabase) {
  io::SimDisk disk;
  auto opened = MustOpen(disk);
  ASSERT_TRUE(disk.Remove(io::JoinPath(kDirectory, "CURRENT")).ok());
  const Status status = Manifest::Open(disk, kDirectory).status();
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_THAT(std::string(status.message()), HasSubstr("CURRENT"));
}

TEST(ManifestTest, LostFileIsCorruption) {
  io::SimDisk disk;
  MustOpen(disk);
  ASSERT_TRUE(disk.Remove(FileInUse(disk)).ok());
  EXPECT_EQ(Manifest::Open(disk, kDirectory).status().code(), StatusCode::kCorruption);
}

TEST(ManifestTest, ReadOfAnEmptyDirectoryIsNotFound) {
  io::SimDisk disk;
  ASSERT_TRUE(disk.CreateDirectories(kDirectory).ok());
  EXPECT_EQ(Manifest::Read(disk, kDirectory).status().code(), StatusCode::kNotFound);
}

// Goal: no single damaged bit makes the manifest say something else without an error.
// Method: flip every bit of CURRENT and of the file in use; reading gives kCorruption or
// kUnsupported, or exactly the undamaged state.
TEST(ManifestTest, EveryFlippedBitIsReportedOrHarmless) {
  io::SimDisk disk;
  auto opened = MustOpen(disk);
  for (const ManifestEdit& edit : SampleEdits()) {
    ASSERT_TRUE(opened.manifest->Append(edit).ok());
  }
  const ManifestState expected = opened.manifest->State();
  uint64_t harmless_bytes = 0;
  for (const io::Path& path : {io::JoinPath(kDirectory, "CURRENT"), FileInUse(disk)}) {
    const uint64_t size = *disk.FileSize(path);
    for (uint64_t bit = 0; bit < size * 8; ++bit) {
      SCOPED_TRACE(testing::Message() << path << " bit " << bit);
      io::SimDisk damaged = disk.Restart();
      damaged.FlipBit(path, bit / 8, static_cast<int>(bit % 8));
      const auto state = Manifest::Read(damaged, kDirectory);
      if (state.ok()) {
        ExpectSameState(*state, expected);
        if (bit % 8 == 0) ++harmless_bytes;
        continue;
      }
      EXPECT_THAT(std::string(state.status().message()), HasSubstr(kDirectory));
      EXPECT_THAT(std::string(state.status().message()), HasSubstr("offset="));
    }
  }
  // Only seals may be damaged without a word: one for the state and one for each edit.
  EXPECT_LE(harmless_bytes, (SampleEdits().size() + 1) * kManifestSealBytes);
}

TEST(ManifestTest, DescriptionNamesPartsAndDamage) {
  io::SimDisk disk;
  auto opened = MustOpen(disk);
  for (const ManifestEdit& edit : SampleEdits()) {
    ASSERT_TRUE(opened.manifest->Append(edit).ok());
  }
  std::ostringstream intact;
  ASSERT_TRUE(DescribeManifest(disk, FileInUse(disk), intact).ok());
  EXPECT_THAT(intact.str(), HasSubstr("manifest: number=1 version=3"));
  EXPECT_THAT(intact.str(), HasSubstr("checkpoint: commit=300 replay_from=301"));
  EXPECT_THAT(intact.str(), HasSubstr("kind=2 schema=2200 name=orders"));
  EXPECT_THAT(intact.str(), HasSubstr("end: torn_bytes=0"));
  disk.FlipBit(FileInUse(disk), 60, 0);
  std::ostringstream damaged;
  ASSERT_TRUE(DescribeManifest(disk, FileInUse(disk), damaged).ok());
  EXPECT_THAT(damaged.str(), HasSubstr("damage: bad manifest record"));
  EXPECT_THAT(damaged.str(), HasSubstr("offset=32"));
}

// The example of docs/formats/manifest.md.
TEST(ManifestTest, WritesTheBytesOfTheDocument) {
  ManifestEdit edit;
  edit.checkpoint = Checkpoint{.commit = CommitNumber{300}, .replay_from = Lsn{301}};
  RunRecord run;
  run.id = RunId{1};
  run.row_count = 1024;
  run.file_name = "1.seg";
  run.file_bytes = 12'004;
  run.footer_crc = 0xdeadbeef;
  edit.tables = {{.id = kSamplesTableId, .next_run = RunId{2}, .added = {run}}};
  Bytes payload;
  ByteWriter writer(payload);
  EncodeManifestEdit(edit, writer);
  constexpr uint8_t kRecord[] = {0xc9, 0x56, 0x01, 0x5f, 0x1c, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00,
                                 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xac, 0x02, 0xad, 0x02, 0x06,
                                 0xc9, 0x01, 0x02, 0x00, 0x01, 0x01, 0x80, 0x08, 0x05, 0x31, 0x2e,
                                 0x73, 0x65, 0x67, 0xe4, 0x5d, 0xef, 0xbe, 0xad, 0xde, 0x00, 0x00};
  const ManifestRecord record = EncodeManifestRecord(0x11223344, 1, payload);
  EXPECT_EQ(AsText(record.bytes), AsText(std::as_bytes(std::span(kRecord))));
}

// The second example of docs/formats/manifest.md.
TEST(ManifestTest, WritesTheBytesOfTheDocumentForAColdRun) {
  ManifestEdit edit;
  RunRecord run;
  run.id = RunId{1};
  run.row_count = 1024;
  run.file_name = "1.sidecar";
  run.file_bytes = 200;
  run.footer_crc = 0xdeadbeef;
  run.cold = ColdObjectRecord{.key = "db/201/1.parquet", .bytes = 12'004, .crc32c = 0xcafef00d};
  edit.tables = {{.id = kSamplesTableId, .removed = {RunId{1}}, .added = {run}}};
  Bytes payload;
  ByteWriter writer(payload);
  EncodeManifestEdit(edit, writer);
  std::string expected = "\x06\xc9\x01";
  expected += std::string("\x00\x01\x01\x00\x00", 5);
  expected += std::string("\x08\xc9\x01\x01", 4);
  expected += std::string("\x01\x80\x08\x09", 4) + "1.sidecar";
  expected += std::string("\xc8\x01\xef\xbe\xad\xde\x00", 7);
  expected += std::string("\x10", 1) + "db/201/1.parquet";
  expected += std::string("\xe4\x5d\x0d\xf0\xfe\xca", 6);
  EXPECT_EQ(AsText(payload), expected);
}

TEST(ManifestTest, ColdRunsOfAnotherTableThanTheLastAreDamage) {
  for (const char* const payload : {"\x08\x05\x00", "\x06\x05\x00\x00\x00\x00\x08\x06\x00"}) {
    const size_t size = payload[0] == 8 ? 3 : 9;
    EXPECT_EQ(DecodeManifestEdit(AsBytes({payload, size})).status().code(),
              StatusCode::kCorruption);
  }
}

TEST(ManifestTest, LayoutsOfWarmAndColdRunsComeBack) {
  RunRecord plain;
  plain.id = RunId{1};
  plain.file_name = "1.seg";
  RunRecord merged = plain;
  merged.id = RunId{2};
  merged.layout = 300;
  RunRecord cold = plain;
  cold.id = RunId{3};
  cold.layout = 1;
  cold.cold = ColdObjectRecord{.key = "db/201/3.parquet", .bytes = 1, .crc32c = 2};
  ManifestEdit edit;
  edit.tables = {{.id = kSamplesTableId, .next_run = RunId{4}, .added = {plain, merged, cold}}};
  Bytes payload;
  ByteWriter writer(payload);
  EncodeManifestEdit(edit, writer);
  EXPECT_TRUE(
      AsText(payload).ends_with(std::string_view("\x09\xc9\x01\x02\x02\xac\x02\x03\x01", 9)));
  const auto decoded = DecodeManifestEdit(payload);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->tables[0].added, edit.tables[0].added);
  payload[payload.size() - 2] = std::byte{9};  // a run that was not added
  EXPECT_EQ(DecodeManifestEdit(payload).status().code(), StatusCode::kCorruption);
}

TEST(ManifestTest, VersionOneIsStillRead) {
  Bytes file;
  ByteWriter out(file);
  out.Raw(AsBytes("LUMAMANF"));
  out.Fixed(uint32_t{1});
  out.Fixed(uint32_t{7});
  out.Fixed(uint64_t{99});
  out.Fixed(uint32_t{0});
  const uint32_t crc = Crc32c(file);
  out.Fixed(crc);
  const Bytes payload = {std::byte{2}, std::byte{5}};  // epoch 5
  out.Raw(EncodeManifestRecord(crc, 1, payload).bytes);
  auto reader = ManifestFileReader::Open(file, "old");
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(reader->version(), 1u);
  EXPECT_EQ(DecodeManifestEdit(**reader->Next())->epoch, 5u);
  file[8] = std::byte{4};
  StoreLe(file.data() + 28, Crc32c(ByteSpan(file).first(28)));
  EXPECT_EQ(ManifestFileReader::Open(file, "new").status().code(), StatusCode::kUnsupported);
}

}  // namespace
}  // namespace luma::storage
