// Catalog objects as bytes: docs/formats/catalog_object.md. Used by the WAL and the manifest.
#pragma once

#include "base/bytes.h"
#include "base/status.h"
#include "storage/catalog_state.h"

namespace luma::storage {

void EncodeCatalogObject(const CatalogObject& object, ByteWriter& out);
// Reads one object and leaves `in` behind it. Errors: kCorruption for bytes that
// EncodeCatalogObject cannot have written, kUnsupported for a later version. Allocates at most in
// proportion to the bytes that are there.
Result<CatalogObjectPtr> DecodeCatalogObject(ByteReader& in);

// A CatalogChange: the object, or the id that is dropped.
void EncodeCatalogChange(const CatalogChange& change, ByteWriter& out);
Result<CatalogChange> DecodeCatalogChange(ByteReader& in);

}  // namespace luma::storage
