#include "storage/wal/wal_format.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "base/crc32c.h"
#include "io/sim_disk.h"
#include "storage/wal/wal_inspect.h"
#include "storage/wal/wal_reader.h"

namespace luma::storage {
namespace {

// The bytes between ```hex and ``` in docs/formats/wal.md; ctest runs tests in the source root.
Bytes DocumentedExample() {
  std::ifstream document("docs/formats/wal.md");
  Bytes bytes;
  std::string line;
  while (std::getline(document, line) && line != "```hex") {
  }
  while (std::getline(document, line) && line != "```") {
    std::istringstream words(line.substr(4));  // after the offset
    for (std::string word; words >> word;) {
      bytes.push_back(static_cast<std::byte>(std::stoi(word, nullptr, 16)));
    }
  }
  return bytes;
}

TEST(WalFormatTest, TheDocumentedExampleIsWhatTheCodeWrites) {
  Bytes written(160);
  const WalFileHeader header{
      .id = {0x0102030405060708, 1, 1}, .file_bytes = 160, .first_lsn = kFirstLsn};
  uint32_t crc = EncodeWalFileHeader(header, written.data());
  const uint32_t seed = WalRecordSeed(header.id);
  std::memcpy(written.data() + 0x68, "hello", 5);
  crc = EncodeWalRecordHeader({.kind = WalRecordKind::kData,
                               .payload_bytes = 5,
                               .payload_crc = 0x9003edb3,
                               .previous_crc = crc,
                               .lsn = kFirstLsn},
                              seed, written.data() + 0x48);
  EncodeWalRecordHeader({.kind = WalRecordKind::kMark,
                         .previous_crc = crc,
                         .lsn = kFirstLsn,
                         .synced_lsn = kFirstLsn},
                        seed, written.data() + 0x70);
  EXPECT_EQ(written, DocumentedExample());
}

TEST(WalFormatTest, TheDocumentedExampleIsReadBack) {
  io::SimDisk disk;
  ASSERT_TRUE(disk.CreateDirectories("/wal").ok());
  auto file = disk.Create("/wal/wal-0000000000000001.log", io::CreateMode::kExclusive);
  ASSERT_TRUE((*file)->Append(DocumentedExample()).ok());
  std::string payloads;
  const auto end = ReplayWal(disk, "/wal", kFirstLsn, [&](Lsn lsn, ByteSpan payload) {
    payloads += std::to_string(ToNumber(lsn)) + ":" + std::string(AsText(payload));
    return Status::Ok();
  });
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(payloads, "1:hello");
  EXPECT_EQ(end->end_offset, 0x90u);

  std::ostringstream text;
  ASSERT_TRUE(DescribeWal(disk, "/wal/wal-0000000000000001.log", text).ok());
  EXPECT_NE(text.str().find("epoch=1 sequence=1 file_bytes=160"), std::string::npos) << text.str();
  EXPECT_NE(text.str().find("72  data       lsn=1 synced_lsn=0 payload_bytes=5"),
            std::string::npos);
  EXPECT_NE(text.str().find("112  mark       lsn=1 synced_lsn=1"), std::string::npos);
  EXPECT_NE(text.str().find("144  end of valid records: last_lsn=1"), std::string::npos);
}

TEST(WalFormatTest, ALaterVersionIsUnsupportedAndADamagedOneCorrupt) {
  Bytes bytes(kWalFileHeaderBytes);
  EncodeWalFileHeader({.id = {1, 1, 1}, .file_bytes = 4096, .first_lsn = kFirstLsn}, bytes.data());
  bytes[8] = std::byte{2};
  EXPECT_EQ(DecodeWalFileHeader(bytes, "f").status().code(), StatusCode::kCorruption);
  // With the checksum of a real version 2 file (CRC of the first 68 bytes).
  StoreLe(bytes.data() + 68, Crc32c(ByteSpan(bytes).first(68)));
  EXPECT_EQ(DecodeWalFileHeader(bytes, "f").status().code(), StatusCode::kUnsupported);
}

TEST(WalFormatTest, ARecordOfAnotherLifeOfTheFileIsNotOurs) {
  Bytes bytes(kWalRecordHeaderBytes);
  const WalFileId id{7, 3, 9};
  EncodeWalRecordHeader({.lsn = Lsn{5}, .synced_lsn = Lsn{4}}, WalRecordSeed(id), bytes.data());
  EXPECT_TRUE(DecodeWalRecordHeader(bytes, WalRecordSeed(id)).has_value());
  for (const WalFileId& other : {WalFileId{8, 3, 9}, WalFileId{7, 4, 9}, WalFileId{7, 3, 10}}) {
    EXPECT_FALSE(DecodeWalRecordHeader(bytes, WalRecordSeed(other)).has_value());
  }
}

TEST(WalFormatTest, FileNamesRoundTripAndNothingElseIsOne) {
  EXPECT_EQ(WalFileName(0x1f), "wal-000000000000001f.log");
  EXPECT_EQ(ParseWalFileName("wal-000000000000001f.log"), 0x1fu);
  for (const char* name : {"wal-000000000000001f.spare", "wal-1f.log", "wal-000000000000001F.log",
                           "xal-000000000000001f.log", "wal-000000000000001g.log", ""}) {
    EXPECT_FALSE(ParseWalFileName(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace luma::storage
