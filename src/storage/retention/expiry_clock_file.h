// The file that remembers the time by which data expires: docs/formats/expiry_clock.md.
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/status.h"
#include "io/file_system.h"

namespace luma::storage {

Bytes EncodeExpiryClock(UnixMillis time);
// Errors: kCorruption, kUnsupported.
Result<UnixMillis> DecodeExpiryClock(ByteSpan bytes);

// Nullopt when there is none, and, with a warning in the log, when it cannot be used.
std::optional<UnixMillis> LoadExpiryClock(io::FileSystem& fs, const io::Path& path);
// Durable on return. Errors: kIoError, kDiskFull.
Status SaveExpiryClock(io::FileSystem& fs, const io::Path& path, UnixMillis time);

}  // namespace luma::storage
