#include "io/object_store.h"

#include <algorithm>
#include <utility>

#include "base/crc32c.h"

namespace luma::io {
namespace {

constexpr size_t kKeyBytesMax = 1024;
// WriteFileAtomically leaves such a file behind after a crash; it is no object.
constexpr std::string_view kTemporarySuffix = ".tmp";
constexpr uint64_t kVerifyBytes = 4 << 20;

bool IsKeyCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-' || c == '=';
}

bool IsKeyPart(std::string_view part) {
  return !part.empty() && part != "." && part != ".." && !part.ends_with(kTemporarySuffix) &&
         std::all_of(part.begin(), part.end(), IsKeyCharacter);
}

// An object that is missing or shorter than expected is damage to whoever knows that it was put.
Status AsDamage(const Status& status) {
  if (status.code() != StatusCode::kNotFound && status.code() != StatusCode::kOutOfRange) {
    return status;
  }
  return Status::Corruption("object is not what was put: ", status.message());
}

}  // namespace

Status CheckObjectKey(const std::string& key) {
  if (key.empty() || key.size() > kKeyBytesMax) {
    return Status::InvalidArgument("object key is empty or too long: bytes=", key.size());
  }
  for (size_t begin = 0; begin <= key.size();) {
    const size_t end = std::min(key.find('/', begin), key.size());
    if (!IsKeyPart(std::string_view(key).substr(begin, end - begin))) {
      return Status::InvalidArgument("bad object key: key=", key);
    }
    begin = end + 1;
  }
  return Status::Ok();
}

Status CheckObjectRange(const std::string& key, uint64_t offset, uint64_t length,
                        uint64_t size_bytes) {
  if (offset <= size_bytes && length <= size_bytes - offset) return Status::Ok();
  return Status::OutOfRange("range past the end of the object: key=", key, " offset=", offset,
                            " length=", length, " size=", size_bytes);
}

Result<Bytes> ObjectStore::Get(const std::string& key) {
  LUMA_ASSIGN_OR_RETURN(VersionedBytes content, GetVersioned(key));
  return std::move(content.bytes);
}

Status VerifyObject(ObjectStore& store, const std::string& key, const ObjectDigest& expected) {
  const Result<ObjectInfo> head = store.Head(key);
  if (!head.ok()) return AsDamage(head.status());
  if (head->size_bytes != expected.size_bytes) {
    return Status::Corruption("object has another size than was put: key=", key,
                              " size=", head->size_bytes, " expected=", expected.size_bytes);
  }
  uint32_t crc32c = 0;
  for (uint64_t offset = 0; offset < expected.size_bytes; offset += kVerifyBytes) {
    const uint64_t length = std::min(kVerifyBytes, expected.size_bytes - offset);
    const Result<Bytes> piece = store.GetRange(key, offset, length);
    if (!piece.ok()) return AsDamage(piece.status());
    crc32c = Crc32c(*piece, crc32c);
  }
  if (crc32c == expected.crc32c) return Status::Ok();
  return Status::Corruption("object has other bytes than were put: key=", key, " crc32c=", crc32c,
                            " expected=", expected.crc32c);
}

}  // namespace luma::io
