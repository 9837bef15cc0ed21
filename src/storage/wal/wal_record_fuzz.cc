// Any bytes as a log file: reading and describing them must end, stay in bounds and never hand out
// a record whose checksum is wrong. The input's checksums are repaired first, else no input would
// get past them; the first byte says whether.
#include <cstddef>
#include <cstdint>
#include <sstream>

#include "base/check.h"
#include "base/crc32c.h"
#include "io/sim_disk.h"
#include "storage/wal/wal_directory.h"
#include "storage/wal/wal_inspect.h"
#include "storage/wal/wal_reader.h"

namespace luma::storage {
namespace {

// Makes the input the newest file of a log of sequence 1, as far as the header goes.
void RepairHeader(Bytes& file) {
  WalFileHeader header;
  header.id = {.log_id = 1, .epoch = 1, .sequence = 1};
  header.file_bytes = file.size();
  header.first_lsn = kFirstLsn;
  EncodeWalFileHeader(header, file.data());
}

// Fixes chain and checksums of whatever the length fields make records of; kinds, lengths, numbers
// and marks stay the fuzzer's.
void RepairRecords(Bytes& file) {
  const uint32_t seed = WalRecordSeed({.log_id = 1, .epoch = 1, .sequence = 1});
  auto previous = LoadLe<uint32_t>(file.data() + kWalFileHeaderBytes - 4);
  for (uint64_t at = kWalFileHeaderBytes; at + kWalRecordHeaderBytes <= file.size();) {
    std::byte* record = file.data() + at;
    const uint64_t payload = LoadLe<uint32_t>(record + 8) & 0x3fffffff;
    if (WalRecordBytes(payload) > file.size() - at) return;
    StoreLe(record + 4,
            Crc32c(ByteSpan(file).subspan(at + kWalRecordHeaderBytes, WalPaddedBytes(payload))));
    StoreLe(record + 12, previous);
    previous = Crc32c({record + 4, kWalRecordHeaderBytes - 4}, seed);
    StoreLe(record, previous);
    at += WalRecordBytes(payload);
  }
}

void WriteLog(io::SimDisk& disk, const io::Path& path, ByteSpan bytes) {
  LUMA_CHECK(disk.CreateDirectories("/wal").ok());
  auto file = disk.Create(path, io::CreateMode::kExclusive);
  LUMA_CHECK(file.ok() && (*file)->Append(bytes).ok());
}

void Check(ByteSpan input) {
  Bytes bytes(input.begin(), input.end());
  if (bytes.empty()) return;
  const auto repair = static_cast<uint8_t>(bytes.front());
  bytes.erase(bytes.begin());
  if (repair % 4 != 0 && bytes.size() >= kWalFileHeaderBytes) RepairHeader(bytes);
  if (repair % 4 > 1 && bytes.size() >= kWalFileHeaderBytes) RepairRecords(bytes);

  io::SimDisk disk;
  const io::Path path = io::JoinPath("/wal", WalFileName(1));
  WriteLog(disk, path, bytes);
  Lsn last = kNoLsn;
  const auto end = ReplayWal(disk, "/wal", kFirstLsn, [&](Lsn lsn, ByteSpan payload) {
    LUMA_CHECK(lsn == Next(last) && payload.size() <= bytes.size());
    last = lsn;
    return Status::Ok();
  });
  LUMA_CHECK(!end.ok() || end->last_lsn == last);
  std::ostringstream text;
  LUMA_CHECK(DescribeWal(disk, path, text).ok());
}

}  // namespace
}  // namespace luma::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  luma::storage::Check({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
