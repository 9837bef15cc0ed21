#include "storage/retention/expiry_clock_file.h"

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/log.h"

namespace luma::storage {
namespace {

constexpr std::string_view kMagic = "LUMAXCLK";
constexpr uint32_t kVersion = 1;
constexpr size_t kFileBytes = 24;  // docs/formats/expiry_clock.md

Result<UnixMillis> Read(io::FileSystem& fs, const io::Path& path) {
  LUMA_ASSIGN_OR_RETURN(const uint64_t size, fs.FileSize(path));
  if (size != kFileBytes) return Status::Corruption("bad size: bytes=", size);
  LUMA_ASSIGN_OR_RETURN(const Bytes bytes, io::ReadFile(fs, path));
  return DecodeExpiryClock(bytes);
}

}  // namespace

Bytes EncodeExpiryClock(UnixMillis time) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.Raw(AsBytes(kMagic));
  out.Fixed(kVersion);
  out.Fixed(time);
  out.Fixed(Crc32c(bytes));
  return bytes;
}

Result<UnixMillis> DecodeExpiryClock(ByteSpan bytes) {
  ByteReader in(bytes);
  const std::string_view magic = AsText(in.Raw(kMagic.size()));
  const auto version = in.Fixed<uint32_t>();
  const auto time = in.Fixed<UnixMillis>();
  const auto crc = in.Fixed<uint32_t>();
  if (!in.ok() || in.remaining() != 0 || magic != kMagic ||
      crc != Crc32c(bytes.first(kFileBytes - sizeof(crc)))) {
    return Status::Corruption("bad expiry clock");
  }
  if (version != kVersion) {
    return Status::Unsupported("unknown version of an expiry clock: version=", version);
  }
  return time;
}

std::optional<UnixMillis> LoadExpiryClock(io::FileSystem& fs, const io::Path& path) {
  const Result<UnixMillis> time = Read(fs, path);
  if (time.ok()) return *time;
  if (time.status().code() != StatusCode::kNotFound) {
    LUMA_LOG(kWarn, "storage", "expiry clock is not used: path={} error={}", path,
             time.status().message());
  }
  return std::nullopt;
}

Status SaveExpiryClock(io::FileSystem& fs, const io::Path& path, UnixMillis time) {
  return io::WriteFileAtomically(fs, path, EncodeExpiryClock(time));
}

}  // namespace luma::storage
