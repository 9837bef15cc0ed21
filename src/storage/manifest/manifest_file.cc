#include "storage/manifest/manifest_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <random>
#include <utility>

#include "base/crc32c.h"
#include "base/failpoint.h"
#include "base/hash.h"

namespace luma::storage {
namespace {

constexpr std::string_view kNamePrefix = "MANIFEST-";
constexpr std::string_view kFileMagic = "LUMAMANF";
constexpr std::string_view kSealMagic = "SEAL";
static_assert(kFileMagic.size() + 5 * sizeof(uint32_t) + 4 == kManifestHeaderBytes);

Bytes EncodeHeader(uint32_t number, uint64_t salt) {
  Bytes header;
  ByteWriter out(header);
  out.Raw(AsBytes(kFileMagic));
  out.Fixed(kManifestVersion);
  out.Fixed(number);
  out.Fixed(salt);
  out.Fixed(uint32_t{0});
  out.Fixed(Crc32c(header));
  LUMA_CHECK(header.size() == kManifestHeaderBytes);
  return header;
}

Bytes EncodeSeal(uint32_t record_crc, uint64_t salt) {
  Bytes seal;
  ByteWriter out(seal);
  out.Raw(AsBytes(kSealMagic));
  out.Fixed(record_crc);
  out.Fixed(Hash64(seal, salt));
  LUMA_CHECK(seal.size() == kManifestSealBytes);
  return seal;
}

uint64_t RandomSalt() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

}  // namespace

std::string ManifestFileName(uint32_t number) {
  return fmt::format("{}{:06}", kNamePrefix, number);
}

std::optional<uint32_t> ManifestFileNumber(std::string_view name) {
  if (!name.starts_with(kNamePrefix)) return std::nullopt;
  const std::string_view digits = name.substr(kNamePrefix.size());
  uint32_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  // Comparing with the name that we would give excludes everything else, such as "MANIFEST-1x".
  if (parsed.ec != std::errc() || ManifestFileName(number) != name) return std::nullopt;
  return number;
}

ManifestRecord EncodeManifestRecord(uint32_t previous_crc, uint64_t sequence, ByteSpan payload) {
  ManifestRecord record;
  record.bytes.reserve(kManifestRecordHeaderBytes + payload.size());
  ByteWriter out(record.bytes);
  out.Fixed(uint32_t{0});
  out.Fixed(static_cast<uint32_t>(payload.size()));
  out.Fixed(sequence);
  out.Raw(payload);
  record.crc = Crc32c(ByteSpan(record.bytes).subspan(4), previous_crc);
  StoreLe(record.bytes.data(), record.crc);
  return record;
}

Result<std::unique_ptr<ManifestFileWriter>> ManifestFileWriter::Create(io::FileSystem& fs,
                                                                       const io::Path& path,
                                                                       uint32_t number) {
  LUMA_FAILPOINT("manifest.before_create");
  LUMA_ASSIGN_OR_RETURN(auto file, fs.Create(path, io::CreateMode::kExclusive));
  const uint64_t salt = RandomSalt();
  const Bytes header = EncodeHeader(number, salt);
  std::unique_ptr<ManifestFileWriter> writer(new ManifestFileWriter(std::move(file), salt));
  LUMA_RETURN_IF_ERROR(writer->Write(header));
  writer->crc_ = LoadLe<uint32_t>(header.data() + kManifestHeaderBytes - 4);
  return writer;
}

Status ManifestFileWriter::Append(ByteSpan payload) {
  if (payload.size() > kManifestPayloadBytesMax) {
    return Status::TooLarge("manifest record too large: bytes=", payload.size());
  }
  const ManifestRecord record = EncodeManifestRecord(crc_, sequence_ + 1, payload);
  LUMA_FAILPOINT("manifest.before_write");
  LUMA_RETURN_IF_ERROR(Write(record.bytes));
  LUMA_FAILPOINT("manifest.before_sync");
  LUMA_RETURN_IF_ERROR(file_->Sync());
  LUMA_FAILPOINT("manifest.after_sync");
  crc_ = record.crc;
  ++sequence_;
  return Status::Ok();
}

Status ManifestFileWriter::Seal() {
  LUMA_FAILPOINT("manifest.before_seal");
  return Write(EncodeSeal(crc_, salt_));
}

Status ManifestFileWriter::Write(ByteSpan bytes) {
  file_bytes_ += bytes.size();
  return file_->Append(bytes);
}

Result<ManifestFileReader> ManifestFileReader::Open(ByteSpan file, io::Path path) {
  ManifestFileReader reader(file, std::move(path));
  ByteReader header(file.first(std::min(file.size(), kManifestHeaderBytes)));
  const std::string_view magic = AsText(header.Raw(kFileMagic.size()));
  reader.version_ = header.Fixed<uint32_t>();
  reader.number_ = header.Fixed<uint32_t>();
  reader.salt_ = header.Fixed<uint64_t>();
  const auto zero = header.Fixed<uint32_t>();
  reader.crc_ = header.Fixed<uint32_t>();
  if (!header.ok() || magic != kFileMagic ||
      reader.crc_ != Crc32c(file.first(kManifestHeaderBytes - sizeof(uint32_t)))) {
    return Status::Corruption("bad manifest header: path=", reader.path_, " offset=0");
  }
  const bool is_known =
      reader.version_ >= kManifestVersionMin && reader.version_ <= kManifestVersion;
  if (!is_known || zero != 0) {
    return Status::Unsupported("unknown manifest version: path=", reader.path_,
                               " version=", reader.version_);
  }
  return reader;
}

Result<std::optional<ByteSpan>> ManifestFileReader::Next() {
  if (next_offset_ >= file_.size() && sequence_ > 0) return std::optional<ByteSpan>();
  const std::optional<ByteSpan> payload = ReadRecord();
  if (!payload.has_value() && (sequence_ == 0 || HasSealFrom(next_offset_))) {
    return Status::Corruption("bad manifest record: path=", path_, " offset=", next_offset_);
  }
  return payload;
}

std::optional<ByteSpan> ManifestFileReader::ReadRecord() {
  const ByteSpan rest = file_.subspan(next_offset_);
  ByteReader in(rest);
  const auto crc = in.Fixed<uint32_t>();
  const auto length = in.Fixed<uint32_t>();
  const auto sequence = in.Fixed<uint64_t>();
  const ByteSpan payload = in.Raw(length);
  if (!in.ok() || length == 0 || sequence != sequence_ + 1) return std::nullopt;
  if (Crc32c(rest.subspan(4, in.position() - 4), crc_) != crc) return std::nullopt;
  crc_ = crc;
  sequence_ = sequence;
  record_offset_ = next_offset_;
  next_offset_ = std::min(next_offset_ + in.position() + kManifestSealBytes, file_.size());
  return payload;
}

bool ManifestFileReader::HasSealFrom(uint64_t offset) const {
  for (; offset + kManifestSealBytes <= file_.size(); ++offset) {
    if (IsSeal(offset)) return true;
  }
  return false;
}

bool ManifestFileReader::IsSeal(uint64_t offset) const {
  const ByteSpan seal = file_.subspan(offset, kManifestSealBytes);
  if (!AsText(seal).starts_with(kSealMagic)) return false;
  return Hash64(seal.first(8), salt_) == LoadLe<uint64_t>(seal.data() + 8);
}

}  // namespace luma::storage
