// Any bytes decode to an object that encodes to the same bytes, or to an error.
#include <cstdint>

#include "storage/catalog_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace luma;
  const ByteSpan bytes = std::as_bytes(std::span(data, size));
  ByteReader reader(bytes);
  const auto object = storage::DecodeCatalogObject(reader);
  if (!object.ok()) return 0;
  Bytes once;
  ByteWriter writer(once);
  storage::EncodeCatalogObject(**object, writer);
  // Overlong varints are accepted, so the input itself may differ; the second round may not.
  ByteReader again(once);
  const auto second = storage::DecodeCatalogObject(again);
  LUMA_CHECK(second.ok() && again.remaining() == 0);
  Bytes twice;
  ByteWriter second_writer(twice);
  storage::EncodeCatalogObject(**second, second_writer);
  LUMA_CHECK(once == twice);
  return 0;
}
