// Objects that are read back before anything relies on them.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "io/object_store.h"

namespace luma::storage {

// ObjectStore::Put and PutIfAbsent; OK means that the store has given the same bytes back. What it
// gave back wrong is deleted, so that no later backup takes it for good. Errors: kCorruption; those
// of the store.
Status PutVerified(io::ObjectStore& store, const std::string& key, ByteSpan bytes);
Status PutNewVerified(io::ObjectStore& store, const std::string& key, ByteSpan bytes);

}  // namespace luma::storage
