#include "storage/wal/wal_inspect.h"

#include <fmt/format.h>

#include <string_view>

#include "storage/wal/record_walker.h"
#include "storage/wal/wal_directory.h"

namespace luma::storage {
namespace {

std::string_view KindName(WalRecordKind kind) {
  switch (kind) {
    case WalRecordKind::kData:
      return "data";
    case WalRecordKind::kMark:
      return "mark";
    case WalRecordKind::kNextFile:
      return "next file";
  }
  return "unknown";
}

void DescribeHeader(const WalFileHeader& header, std::ostream& out) {
  out << fmt::format(
      "log file version={} log_id={:016x} epoch={} sequence={} file_bytes={} first_lsn={} "
      "previous_end={} previous_crc={:08x}\n",
      kWalVersion, header.id.log_id, header.id.epoch, header.id.sequence, header.file_bytes,
      ToNumber(header.first_lsn), header.previous_end, header.previous_crc);
}

void DescribeRecord(uint64_t offset, const WalRecordHeader& record, std::ostream& out) {
  out << fmt::format("{:>10}  {:9}  lsn={} synced_lsn={} payload_bytes={} crc={:08x}\n", offset,
                     KindName(record.kind), ToNumber(record.lsn), ToNumber(record.synced_lsn),
                     record.payload_bytes, record.crc);
}

void DescribeEnd(const RecordWalker& walker, std::ostream& out) {
  out << fmt::format("{:>10}  end of valid records: last_lsn={}\n", walker.offset(),
                     ToNumber(walker.last_lsn()));
  const Lsn synced = walker.SyncedAfterDamage();
  if (synced > walker.last_lsn()) {
    out << fmt::format("{:>10}  damage, unless a later file begins here: synced_lsn={} later on\n",
                       walker.offset(), ToNumber(synced));
  }
}

}  // namespace

Status DescribeWal(io::FileSystem& fs, const io::Path& path, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const Bytes bytes, io::ReadFile(fs, path));
  const auto decoded = DecodeWalFileHeader(bytes, path);
  if (!decoded.ok()) {
    out << decoded.status().message() << '\n';
    return Status::Ok();
  }
  DescribeHeader(decoded->header, out);
  if (decoded->header.file_bytes != bytes.size()) {
    out << fmt::format("damage: the file has {} bytes\n", bytes.size());
  }
  RecordWalker walker({path, decoded->header, decoded->crc}, bytes);
  while (const auto record = walker.Next(bytes.size())) {
    DescribeRecord(walker.offset(), *record, out);
    walker.Advance(*record);
  }
  DescribeEnd(walker, out);
  return Status::Ok();
}

}  // namespace luma::storage
