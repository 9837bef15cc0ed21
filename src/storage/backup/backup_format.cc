#include "storage/backup/backup_format.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/check.h"
#include "base/crc32c.h"
#include "storage/manifest/manifest_codec.h"

namespace luma::storage {
namespace {

constexpr std::string_view kBackupMagic = "LUMABKUP";
constexpr std::string_view kChunkMagic = "LUMALOGC";
constexpr uint32_t kVersion = 1;
constexpr size_t kCrcOffset = 12;
constexpr size_t kCheckedFrom = 16;
constexpr size_t kLsnDigits = 16;

void WriteHead(std::string_view magic, const DatabaseUuid& uuid, ByteWriter& out) {
  out.Raw(AsBytes(magic));
  out.Fixed(kVersion);
  out.Fixed(uint32_t{0});  // Sealed fills in the checksum
  out.Raw(uuid);
}

Bytes Sealed(Bytes object) {
  StoreLe(object.data() + kCrcOffset, Crc32c(ByteSpan(object).subspan(kCheckedFrom)));
  return object;
}

Status Damaged(std::string_view what, std::string_view key, size_t offset) {
  return Status::Corruption(what, ": key=", key, " offset=", offset);
}

// Checks what both kinds begin with, up to the uuid.
Status ReadHead(ByteReader& in, ByteSpan object, std::string_view magic, std::string_view key) {
  if (AsText(in.Raw(magic.size())) != magic) return Damaged("object has another format", key, 0);
  const auto version = in.Fixed<uint32_t>();
  if (in.ok() && version > kVersion) {
    return Status::Unsupported("unknown version of an object: key=", key, " version=", version);
  }
  const auto crc = in.Fixed<uint32_t>();
  if (!in.ok() || version == 0 || Crc32c(object.subspan(kCheckedFrom)) != crc) {
    return Damaged("bad checksum of an object", key, kCheckedFrom);
  }
  return Status::Ok();
}

DatabaseUuid ReadUuid(ByteReader& in) {
  DatabaseUuid uuid{};
  std::ranges::copy(in.Raw(uuid.size()), uuid.begin());
  return uuid;
}

std::optional<Lsn> ParseLsn(std::string_view text) {
  uint64_t number = 0;
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number, 16);
  if (text.size() != kLsnDigits || parsed.ptr != end || parsed.ec != std::errc()) {
    return std::nullopt;
  }
  return Lsn{number};
}

}  // namespace

std::string UuidText(const DatabaseUuid& uuid) {
  std::string text;
  for (const std::byte byte : uuid) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return text;
}

std::string TimeText(UnixMillis time) {
  const std::chrono::sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds(time)};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  return fmt::format("{:%Y%m%dT%H%M%S}.{:03}Z", fmt::gmtime(seconds.time_since_epoch().count()),
                     (at - seconds).count());
}

std::string Backup::Id() const {
  return fmt::format("{}-{}-{}", TimeText(created_at), ToNumber(commit),
                     UuidText(uuid).substr(0, kUuidDigitsOfId));
}

Bytes EncodeBackup(const Backup& backup) {
  Bytes manifest;
  ByteWriter manifest_out(manifest);
  EncodeManifestEdit(backup.manifest.ToEdit(), manifest_out);
  Bytes object;
  ByteWriter out(object);
  WriteHead(kBackupMagic, backup.uuid, out);
  out.Fixed(backup.created_at);
  out.Fixed(ToNumber(backup.commit));
  out.Fixed(backup.segment_bytes);
  out.Fixed(backup.segment_count);
  out.Fixed(static_cast<uint32_t>(manifest.size()));
  out.Raw(manifest);
  return Sealed(std::move(object));
}

Result<Backup> DecodeBackup(ByteSpan object, std::string_view key) {
  ByteReader in(object);
  LUMA_RETURN_IF_ERROR(ReadHead(in, object, kBackupMagic, key));
  Backup backup;
  backup.uuid = ReadUuid(in);
  backup.created_at = in.Fixed<UnixMillis>();
  backup.commit = Lsn{in.Fixed<uint64_t>()};
  backup.segment_bytes = in.Fixed<uint64_t>();
  backup.segment_count = in.Fixed<uint32_t>();
  const ByteSpan manifest = in.Raw(in.Fixed<uint32_t>());
  if (!in.ok() || in.remaining() != 0) return Damaged("backup is malformed", key, in.position());
  const auto edit = DecodeManifestEdit(manifest);
  if (!edit.ok()) return edit.status().WithContext(key);
  const Status applied = backup.manifest.Apply(*edit);
  if (!applied.ok()) return Damaged(applied.message(), key, in.position());
  return backup;
}

std::string BackupKey(std::string_view id) { return std::string(kBackupPrefix).append(id); }
std::string LockKey(const DatabaseUuid& uuid) {
  return std::string(kLockPrefix).append(UuidText(uuid));
}

std::optional<DatabaseUuid> ParseLockKey(std::string_view key) {
  DatabaseUuid uuid{};
  if (!key.starts_with(kLockPrefix) || key.size() != kLockPrefix.size() + 2 * uuid.size()) {
    return std::nullopt;
  }
  const char* at = key.data() + kLockPrefix.size();
  for (std::byte& byte : uuid) {
    uint8_t number = 0;
    const auto parsed = std::from_chars(at, at + 2, number, 16);
    if (parsed.ec != std::errc() || parsed.ptr != at + 2) return std::nullopt;
    byte = std::byte{number};
    at += 2;
  }
  return uuid;
}
std::string SegmentsPrefix(const DatabaseUuid& uuid) { return "segments/" + UuidText(uuid) + "/"; }

std::string SegmentPrefix(const DatabaseUuid& uuid, const RunRecord& run) {
  return fmt::format("{}{}.{:08x}/", SegmentsPrefix(uuid), run.file_name, run.footer_crc);
}

std::string PartName(uint64_t part) { return fmt::format("{:04}", part); }

std::string LogPrefix(const DatabaseUuid& uuid) { return "log/" + UuidText(uuid) + "/"; }

std::string LogChunkPath(const DatabaseUuid& uuid, const LogChunkKey& chunk) {
  return fmt::format("{}{:016x}-{:016x}", LogPrefix(uuid), ToNumber(chunk.first),
                     ToNumber(chunk.last));
}

std::optional<LogChunkKey> ParseLogChunkKey(const DatabaseUuid& uuid, std::string_view key) {
  const std::string prefix = LogPrefix(uuid);
  if (!key.starts_with(prefix)) return std::nullopt;
  const std::string_view name = key.substr(prefix.size());
  if (name.size() != 2 * kLsnDigits + 1 || name[kLsnDigits] != '-') return std::nullopt;
  const auto first = ParseLsn(name.substr(0, kLsnDigits));
  const auto last = ParseLsn(name.substr(kLsnDigits + 1));
  if (!first || !last || *first == kNoLsn || *last < *first) return std::nullopt;
  return LogChunkKey{*first, *last};
}

void LogChunkBuilder::Add(Lsn lsn, ByteSpan payload) {
  if (empty()) key_.first = lsn;
  LUMA_CHECK(key_.first == lsn || lsn == Next(key_.last));
  key_.last = lsn;
  ByteWriter out(records_);
  out.Fixed(static_cast<uint32_t>(payload.size()));
  out.Raw(payload);
}

Bytes LogChunkBuilder::Take(const DatabaseUuid& uuid) {
  Bytes object;
  ByteWriter out(object);
  WriteHead(kChunkMagic, uuid, out);
  out.Fixed(ToNumber(key_.first));
  out.Fixed(ToNumber(key_.last));
  out.Raw(records_);
  records_.clear();
  return Sealed(std::move(object));
}

Result<std::vector<ByteSpan>> DecodeLogChunk(ByteSpan object, const DatabaseUuid& uuid,
                                             const LogChunkKey& key, std::string_view path) {
  ByteReader in(object);
  LUMA_RETURN_IF_ERROR(ReadHead(in, object, kChunkMagic, path));
  const DatabaseUuid found = ReadUuid(in);
  const Lsn first{in.Fixed<uint64_t>()};
  const Lsn last{in.Fixed<uint64_t>()};
  if (!in.ok() || found != uuid || first != key.first || last != key.last) {
    return Damaged("log chunk is another one", path, kCheckedFrom);
  }
  std::vector<ByteSpan> records;
  while (in.ok() && in.remaining() > 0) records.push_back(in.Raw(in.Fixed<uint32_t>()));
  if (!in.ok() || records.size() != ToNumber(last) - ToNumber(first) + 1) {
    return Damaged("log chunk is malformed", path, in.position());
  }
  return records;
}

}  // namespace luma::storage
