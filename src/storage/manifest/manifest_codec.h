// Manifest edits as bytes: docs/formats/manifest.md, "Edits".
#pragma once

#include "base/bytes.h"
#include "base/status.h"
#include "storage/manifest/manifest_state.h"

namespace luma::storage {

void EncodeManifestEdit(const ManifestEdit& edit, ByteWriter& out);
// Takes all of `payload`. Errors: kCorruption, kUnsupported (of a catalog object).
Result<ManifestEdit> DecodeManifestEdit(ByteSpan payload);

}  // namespace luma::storage
