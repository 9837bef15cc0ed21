// Any bytes: DecodeLogRecord, DecodeContents and DecodePiece answer with an error or with something
// bounded.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "storage/commit_record.h"

namespace {

using luma::storage::LoggedRows;

void DecodePieces(const luma::storage::RunColumns& columns,
                  const std::vector<LoggedRows::Piece>& pieces) {
  for (const LoggedRows::Piece& piece : pieces) {
    (void)luma::storage::DecodePiece(columns, piece).ok();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const luma::ByteSpan payload{reinterpret_cast<const std::byte*>(data), size};
  const auto changes = luma::storage::DecodeLogRecord(payload);
  if (!changes.ok()) return 0;
  for (const LoggedRows& rows : changes->appends) DecodePieces(*rows.columns, rows.pieces);
  for (const luma::storage::LoggedDelete& one : changes->deletes) {
    if (one.contents.empty()) continue;
    const auto contents = luma::storage::DecodeContents(one.contents);
    LUMA_CHECK(contents.ok());  // the record would not have been decoded
    DecodePieces(*contents->columns, contents->pieces);
  }
  return 0;
}
