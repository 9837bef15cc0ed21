// Any bytes: DecodeLogRecord and DecodePiece answer with an error or with something bounded.
#include <cstddef>
#include <cstdint>

#include "storage/commit_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const luma::ByteSpan payload{reinterpret_cast<const std::byte*>(data), size};
  const auto changes = luma::storage::DecodeLogRecord(payload);
  if (!changes.ok()) return 0;
  for (const luma::storage::LoggedRows& rows : changes->appends) {
    for (const luma::storage::LoggedRows::Piece& piece : rows.pieces) {
      (void)luma::storage::DecodePiece(rows, piece).ok();
    }
  }
  return 0;
}
