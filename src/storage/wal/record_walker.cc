#include "storage/wal/record_walker.h"

#include <algorithm>

#include "base/check.h"
#include "base/crc32c.h"

namespace luma::storage {
namespace {

bool HasConsistentKind(const WalRecordHeader& record) {
  return record.kind == WalRecordKind::kData ? record.synced_lsn < record.lsn
                                             : record.payload_bytes == 0;
}

}  // namespace

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
  if (!HasConsistentKind(*record)) return std::nullopt;
  const bool is_data = record->kind == WalRecordKind::kData;
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

// Between offset() and a record lie at most as many records as have room there with empty payloads.
bool RecordWalker::CanFollow(const WalRecordHeader& record, uint64_t at) const {
  const uint64_t records_max = (at - offset_) / kWalRecordHeaderBytes + 1;  // with `record` itself
  return HasConsistentKind(record) && record.lsn >= last_lsn_ &&
         ToNumber(record.lsn) - ToNumber(last_lsn_) <= records_max &&
         WalRecordBytes(record.payload_bytes) <= bytes_.size() - at;
}

Lsn RecordWalker::SyncedAfterDamage() const {
  Lsn synced = kNoLsn;
  for (uint64_t at = offset_; at + kWalRecordHeaderBytes <= bytes_.size(); at += kWalAlignment) {
    const auto record = DecodeWalRecordHeader(bytes_.subspan(at), seed_);
    if (record && CanFollow(*record, at)) synced = std::max(synced, record->synced_lsn);
  }
  return synced;
}

}  // namespace luma::storage
