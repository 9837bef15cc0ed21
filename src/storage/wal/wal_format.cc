#include "storage/wal/wal_format.h"

#include <fmt/format.h>

#include <array>

#include "base/crc32c.h"

namespace luma::storage {
namespace {

constexpr std::string_view kMagic("LumaWAL\0", 8);
constexpr uint32_t kLengthBits = 30;
constexpr uint32_t kLengthMask = (1u << kLengthBits) - 1;
static_assert(kWalPayloadBytesMax <= kLengthMask);
static_assert(kWalFileHeaderBytes == 72 && kWalRecordHeaderBytes == 32);  // docs/formats/wal.md
static_assert(kWalFileHeaderBytes % kWalAlignment == 0);

constexpr size_t kFileHeaderCrcOffset = 68;
constexpr std::string_view kNamePrefix = "wal-";
constexpr std::string_view kNameSuffix = ".log";
constexpr size_t kNameDigits = 16;

}  // namespace

uint32_t EncodeWalFileHeader(const WalFileHeader& header, std::byte* to) {
  std::memcpy(to, kMagic.data(), kMagic.size());
  StoreLe(to + 8, kWalVersion);
  StoreLe(to + 12, uint32_t{0});
  StoreLe(to + 16, header.id.log_id);
  StoreLe(to + 24, header.id.epoch);
  StoreLe(to + 32, header.id.sequence);
  StoreLe(to + 40, header.file_bytes);
  StoreLe(to + 48, header.first_lsn);
  StoreLe(to + 56, header.previous_end);
  StoreLe(to + 64, header.previous_crc);
  const uint32_t crc = Crc32c({to, kFileHeaderCrcOffset});
  StoreLe(to + kFileHeaderCrcOffset, crc);
  return crc;
}

Result<DecodedWalFileHeader> DecodeWalFileHeader(ByteSpan bytes, std::string_view path) {
  const std::byte* from = bytes.data();
  if (bytes.size() < kWalFileHeaderBytes) {
    return Status::Corruption("log file ends inside its header: path=", path,
                              " offset=", bytes.size());
  }
  if (AsText(bytes.first(kMagic.size())) != kMagic) {
    return Status::Corruption("no log file: path=", path, " offset=0");
  }
  const auto version = LoadLe<uint32_t>(from + 8);
  const auto crc = LoadLe<uint32_t>(from + kFileHeaderCrcOffset);
  const bool is_intact = crc == Crc32c(bytes.first(kFileHeaderCrcOffset));
  if (is_intact && version > kWalVersion) {
    return Status::Unsupported("unknown log file version: path=", path, " version=", version);
  }
  if (!is_intact || version != kWalVersion) {
    return Status::Corruption("bad checksum of log file header: path=", path, " offset=0");
  }
  WalFileHeader header;
  header.id.log_id = LoadLe<uint64_t>(from + 16);
  header.id.epoch = LoadLe<uint64_t>(from + 24);
  header.id.sequence = LoadLe<uint64_t>(from + 32);
  header.file_bytes = LoadLe<uint64_t>(from + 40);
  header.first_lsn = LoadLe<Lsn>(from + 48);
  header.previous_end = LoadLe<uint64_t>(from + 56);
  header.previous_crc = LoadLe<uint32_t>(from + 64);
  return DecodedWalFileHeader{header, crc};
}

uint32_t WalRecordSeed(const WalFileId& id) {
  std::array<std::byte, 24> bytes;
  StoreLe(bytes.data(), id.log_id);
  StoreLe(bytes.data() + 8, id.epoch);
  StoreLe(bytes.data() + 16, id.sequence);
  return Crc32c(bytes);
}

uint32_t EncodeWalRecordHeader(const WalRecordHeader& header, uint32_t seed, std::byte* to) {
  StoreLe(to + 4, header.payload_crc);
  StoreLe(to + 8, static_cast<uint32_t>(header.kind) << kLengthBits | header.payload_bytes);
  StoreLe(to + 12, header.previous_crc);
  StoreLe(to + 16, header.lsn);
  StoreLe(to + 24, header.synced_lsn);
  const uint32_t crc = Crc32c({to + 4, kWalRecordHeaderBytes - 4}, seed);
  StoreLe(to, crc);
  return crc;
}

std::optional<WalRecordHeader> DecodeWalRecordHeader(ByteSpan bytes, uint32_t seed) {
  const std::byte* from = bytes.data();
  WalRecordHeader header;
  const auto kind_length = LoadLe<uint32_t>(from + 8);
  header.lsn = LoadLe<Lsn>(from + 16);
  header.synced_lsn = LoadLe<Lsn>(from + 24);
  // Cheap tests first: recovery asks this for every eighth byte of a tail.
  if (kind_length >> kLengthBits == 0 || header.synced_lsn > header.lsn) return std::nullopt;
  header.crc = LoadLe<uint32_t>(from);
  if (header.crc != Crc32c({from + 4, kWalRecordHeaderBytes - 4}, seed)) return std::nullopt;
  header.kind = static_cast<WalRecordKind>(kind_length >> kLengthBits);
  header.payload_bytes = kind_length & kLengthMask;
  header.payload_crc = LoadLe<uint32_t>(from + 4);
  header.previous_crc = LoadLe<uint32_t>(from + 12);
  return header;
}

std::string WalFileName(uint64_t sequence) {
  return fmt::format("{}{:016x}{}", kNamePrefix, sequence, kNameSuffix);
}

std::optional<uint64_t> ParseWalFileName(std::string_view name) {
  if (name.size() != kNamePrefix.size() + kNameDigits + kNameSuffix.size()) return std::nullopt;
  uint64_t sequence = 0;
  for (const char digit : name.substr(kNamePrefix.size(), kNameDigits)) {
    const size_t value = std::string_view("0123456789abcdef").find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    sequence = sequence << 4 | value;
  }
  // Also checks prefix and suffix.
  return WalFileName(sequence) == name ? std::optional(sequence) : std::nullopt;
}

}  // namespace luma::storage
