#include "storage/wal/record_walker.h"

#include <algorithm>

#include "base/check.h"
#include "base/crc32c.h"

namespace luma::storage {

RecordWalker::RecordWalker(const WalFile& file, ByteSpan bytes)
    : bytes_(bytes),
      seed_(WalRecordSeed(file.header.id)),
      offset_(kWalFileHeaderBytes),
      last_lsn_(Previous(file.header.first_lsn)),
      last_crc_(file.header_crc) {
  LUMA_CHECK(bytes.size() >= kWalFileHeaderBytes);
}

std::optional<WalRecordHeader> RecordWalker::Next(uint64_t end) const {
  if (end - offset_ < kWalRecordHeaderBytes) return std::nullopt;
  const auto record = DecodeWalRecordHeader(bytes_.subspan(offset_), seed_);
  if (!record || record->previous_crc != last_crc_) return std::nullopt;
  const bool is_data = record->kind == WalRecordKind::kData;
  if (is_data ? record->synced_lsn == record->lsn : record->payload_bytes != 0) return std::nullopt;
  if (record->lsn != (is_data ? storage::Next(last_lsn_) : last_lsn_)) return std::nullopt;
  if (end - offset_ < WalRecordBytes(record->payload_bytes)) return std::nullopt;
  if (Crc32c(PaddedPayload(*record)) != record->payload_crc) return std::nullopt;
  return record;
}

ByteSpan RecordWalker::PaddedPayload(const WalRecordHeader& record) const {
  return bytes_.subspan(offset_ + kWalRecordHeaderBytes, WalPaddedBytes(record.payload_bytes));
}

ByteSpan RecordWalker::Payload(const WalRecordHeader& record) const {
  return PaddedPayload(record).first(record.payload_bytes);
}

void RecordWalker::Advance(const WalRecordHeader& record) {
  offset_ += WalRecordBytes(record.payload_bytes);
  last_lsn_ = record.lsn;
  last_crc_ = record.crc;
}

Lsn RecordWalker::SyncedAfterDamage() const {
  Lsn synced = kNoLsn;
  for (uint64_t at = offset_; at + kWalRecordHeaderBytes <= bytes_.size(); at += kWalAlignment) {
    const auto record = DecodeWalRecordHeader(bytes_.subspan(at), seed_);
    if (record) synced = std::max(synced, record->synced_lsn);
  }
  return synced;
}

}  // namespace luma::storage
