#include "storage/backup/backup_format.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/manifest/manifest_test_states.h"
#include "storage/testing/test_rows.h"

namespace luma::storage {
namespace {

using testing::HasSubstr;

DatabaseUuid SampleUuid() {
  DatabaseUuid uuid;
  for (size_t i = 0; i < uuid.size(); ++i) uuid[i] = static_cast<std::byte>(i);
  return uuid;
}

std::string Hex(ByteSpan bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i % 16 == 0) text += fmt::format("{}{:04x} ", i == 0 ? "" : "\n", i);
    text += fmt::format(" {:02x}", static_cast<unsigned>(bytes[i]));
  }
  return text;
}

Bytes SampleChunk(LogChunkKey* key) {
  LogChunkBuilder builder;
  builder.Add(Lsn{7}, AsBytes("seven"));
  builder.Add(Lsn{8}, AsBytes(""));
  *key = builder.key();
  return builder.Take(SampleUuid());
}

TEST(BackupFormatTest, TheExampleOfTheFormatDocument) {
  LogChunkKey key;
  const Bytes object = SampleChunk(&key);
  EXPECT_EQ(LogChunkPath(SampleUuid(), key),
            "log/000102030405060708090a0b0c0d0e0f/0000000000000007-0000000000000008");
  EXPECT_EQ(Hex(object),
            "0000  4c 55 4d 41 4c 4f 47 43 01 00 00 00 0a 1f f9 d1\n"
            "0010  00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f\n"
            "0020  07 00 00 00 00 00 00 00 08 00 00 00 00 00 00 00\n"
            "0030  05 00 00 00 73 65 76 65 6e 00 00 00 00");
}

TEST(BackupFormatTest, ABackupComesBack) {
  Backup backup{.uuid = SampleUuid(), .created_at = 1'795'000'000'123, .commit = Lsn{300}};
  backup.manifest.uuid = SampleUuid();
  backup.manifest.epoch = 1;
  backup.segment_bytes = 5;
  backup.segment_count = 2;
  for (const ManifestEdit& edit : SampleEdits()) LUMA_ASSERT_OK(backup.manifest.Apply(edit));
  EXPECT_EQ(backup.Id(), "20261118T110640.123Z-300-00010203");
  const auto decoded = DecodeBackup(EncodeBackup(backup), "key");
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->Id(), backup.Id());
  EXPECT_EQ(decoded->segment_bytes, 5u);
  EXPECT_EQ(decoded->segment_count, 2u);
  ExpectSameState(decoded->manifest, backup.manifest);
}

TEST(BackupFormatTest, EveryFlippedByteAndEveryCutIsFound) {
  LogChunkKey key;
  const Bytes chunk = SampleChunk(&key);
  Backup empty{.uuid = SampleUuid(), .created_at = 1, .commit = Lsn{1}};
  empty.manifest.epoch = 1;
  const Bytes backup = EncodeBackup(empty);
  ASSERT_TRUE(DecodeBackup(backup, "k").ok());
  const auto is_damaged = [&](ByteSpan object, bool is_chunk) {
    return is_chunk ? !DecodeLogChunk(object, SampleUuid(), key, "k").ok()
                    : !DecodeBackup(object, "k").ok();
  };
  for (const bool is_chunk : {true, false}) {
    const Bytes& object = is_chunk ? chunk : backup;
    for (size_t at = 0; at < object.size(); ++at) {
      Bytes flipped = object;
      flipped[at] ^= std::byte{1};
      EXPECT_TRUE(is_damaged(flipped, is_chunk)) << "flipped " << at;
      EXPECT_TRUE(is_damaged(ByteSpan(object).first(at), is_chunk)) << "cut at " << at;
    }
  }
}

TEST(BackupFormatTest, AnotherDatabasesOrAnotherNumbersChunkIsRefused) {
  LogChunkKey key;
  const Bytes chunk = SampleChunk(&key);
  EXPECT_FALSE(DecodeLogChunk(chunk, DatabaseUuid{}, key, "k").ok());
  EXPECT_FALSE(DecodeLogChunk(chunk, SampleUuid(), {Lsn{6}, Lsn{7}}, "k").ok());
}

TEST(BackupFormatTest, ALaterVersionIsUnsupported) {
  Bytes object = EncodeBackup({});
  object[8] = std::byte{2};
  const Status status = DecodeBackup(object, "backups/x").status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_THAT(std::string(status.message()), HasSubstr("backups/x"));
}

TEST(BackupFormatTest, OnlyNamesOfChunksAreTakenForChunks) {
  const std::string prefix = LogPrefix(SampleUuid());
  const auto parse = [&](const std::string& name) {
    return ParseLogChunkKey(SampleUuid(), prefix + name);
  };
  EXPECT_EQ(parse("0000000000000007-00000000000000ff"), (LogChunkKey{Lsn{7}, Lsn{255}}));
  EXPECT_EQ(parse("0000000000000008-0000000000000007"), std::nullopt);
  EXPECT_EQ(parse("0000000000000000-0000000000000007"), std::nullopt);
  EXPECT_EQ(parse("7-8"), std::nullopt);
  EXPECT_EQ(parse("000000000000000x-0000000000000007"), std::nullopt);
  EXPECT_EQ(ParseLogChunkKey(DatabaseUuid{}, prefix + "0000000000000007-00000000000000ff"),
            std::nullopt);
}

}  // namespace
}  // namespace luma::storage
