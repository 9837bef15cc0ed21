// The bytes of a log file: docs/formats/wal.md. Pure functions, no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"
#include "storage/wal/lsn.h"

namespace luma::storage {

inline constexpr uint32_t kWalVersion = 1;
inline constexpr uint64_t kWalFileHeaderBytes = 72;
inline constexpr uint64_t kWalRecordHeaderBytes = 32;
inline constexpr uint64_t kWalAlignment = 8;
inline constexpr uint64_t kWalPayloadBytesMax = 512ull << 20;

// Which life of which file: part of every checksum, so that records of another log, another writer
// or an earlier life of a recycled file are never taken for records of this one.
struct WalFileId {
  uint64_t log_id = 0;    // random, chosen when the log is created
  uint64_t epoch = 0;     // one more for each writer that continues the log
  uint64_t sequence = 0;  // 1, 2, 3, ...; also the file's name

  bool operator==(const WalFileId&) const = default;
};

struct WalFileHeader {
  WalFileId id;
  uint64_t file_bytes = 0;
  Lsn first_lsn = kNoLsn;     // of the first record that will be in this file
  uint64_t previous_end = 0;  // where the records of file sequence-1 end; 0 in the first file
  uint32_t previous_crc = 0;  // of the last record there
};

// Writes kWalFileHeaderBytes bytes and returns their checksum, which begins the chain of the file.
uint32_t EncodeWalFileHeader(const WalFileHeader& header, std::byte* to);

struct DecodedWalFileHeader {
  WalFileHeader header;
  uint32_t crc = 0;
};
// Needs at least kWalFileHeaderBytes. kCorruption or kUnsupported (later version), naming `path`.
Result<DecodedWalFileHeader> DecodeWalFileHeader(ByteSpan bytes, std::string_view path);

enum class WalRecordKind : uint8_t {
  kData = 1,      // takes the next LSN
  kMark = 2,      // no payload; repeats the last LSN
  kNextFile = 3,  // as kMark; says that file sequence+1 was started after this one
};

struct WalRecordHeader {
  WalRecordKind kind = WalRecordKind::kData;
  uint32_t payload_bytes = 0;
  uint32_t payload_crc = 0;   // of the payload and its padding
  uint32_t previous_crc = 0;  // header checksum of the record before, or of the file header
  Lsn lsn = kNoLsn;
  Lsn synced_lsn = kNoLsn;  // every record up to here was durable when this one was written
  uint32_t crc = 0;         // of this header: set by decoding, ignored by encoding
};

// The start value of all record checksums of a file.
uint32_t WalRecordSeed(const WalFileId& id);

// Writes kWalRecordHeaderBytes bytes and returns their checksum.
uint32_t EncodeWalRecordHeader(const WalRecordHeader& header, uint32_t seed, std::byte* to);
// Needs at least kWalRecordHeaderBytes. Nothing if these bytes are no record header of this file.
std::optional<WalRecordHeader> DecodeWalRecordHeader(ByteSpan bytes, uint32_t seed);

// Of the payload with its padding.
constexpr uint64_t WalPaddedBytes(uint64_t payload_bytes) {
  return (payload_bytes + kWalAlignment - 1) / kWalAlignment * kWalAlignment;
}
// Of the record on disk.
constexpr uint64_t WalRecordBytes(uint64_t payload_bytes) {
  return kWalRecordHeaderBytes + WalPaddedBytes(payload_bytes);
}

std::string WalFileName(uint64_t sequence);  // "wal-%016x.log"
std::optional<uint64_t> ParseWalFileName(std::string_view name);

}  // namespace luma::storage
