// Any bytes are decoded without harm, and what decodes can be encoded. The checksum is made
// right first, so that what lies behind it is reached.
#include "base/check.h"
#include "base/crc32c.h"
#include "storage/cold/cold_sidecar.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace luma;
  const auto input = std::as_bytes(std::span(data, size));
  Bytes bytes(input.begin(), input.end());
  ByteWriter(bytes).Fixed(Crc32c(bytes));
  const auto sidecar = storage::DecodeColdSidecar(bytes);
  if (sidecar.ok()) static_cast<void>(storage::EncodeColdSidecar(*sidecar));
  return 0;
}
