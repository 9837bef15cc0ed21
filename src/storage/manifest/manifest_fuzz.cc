// Any bytes after a good header are read as records without harm; so is any payload as an edit.
// What decodes encodes to something that decodes to the same.
#include <cstdint>

#include "storage/manifest/manifest_codec.h"
#include "storage/manifest/manifest_file.h"

namespace {

using namespace luma;

Bytes Encode(const storage::ManifestEdit& edit) {
  Bytes bytes;
  ByteWriter writer(bytes);
  storage::EncodeManifestEdit(edit, writer);
  return bytes;
}

void FuzzEdit(ByteSpan payload) {
  const auto edit = storage::DecodeManifestEdit(payload);
  if (!edit.ok()) return;
  const Bytes once = Encode(*edit);
  const auto again = storage::DecodeManifestEdit(once);
  LUMA_CHECK(again.ok());
  LUMA_CHECK(Encode(*again) == once);
  storage::ManifestState state;
  if (!state.Apply(*edit).ok()) return;
  storage::ManifestState copy;
  LUMA_CHECK(copy.Apply(state.ToEdit()).ok() || state.epoch == 0);
}

void FuzzFile(ByteSpan bytes) {
  auto reader = storage::ManifestFileReader::Open(bytes, "fuzz");
  while (reader.ok()) {
    const auto payload = reader->Next();
    if (!payload.ok() || !payload->has_value()) return;
    FuzzEdit(**payload);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteSpan bytes = std::as_bytes(std::span(data, size));
  FuzzEdit(bytes);
  FuzzFile(bytes);
  return 0;
}
