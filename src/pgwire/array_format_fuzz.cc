// Any text as an array of each type: an error or a body that a client can walk through.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "pgwire/array_format.h"
#include "pgwire/wire_reader.h"

namespace luma::pgwire {
namespace {

void CheckBody(std::string_view body) {
  WireReader reader(body);
  const int32_t dimensions = reader.Int32();
  reader.Raw(8);  // null flag, element type
  int64_t left = dimensions > 0 ? 1 : 0;
  for (int32_t i = 0; i < dimensions; ++i) {
    left *= reader.Int32();
    reader.Raw(4);
  }
  for (; left > 0 && reader.ok(); --left) {
    const int32_t length = reader.Int32();
    if (length >= 0) reader.Raw(static_cast<size_t>(length));
  }
  LUMA_CHECK(reader.AtEnd());
}

}  // namespace
}  // namespace luma::pgwire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace luma::pgwire;
  constexpr uint32_t kArrayOids[] = {1000, 1001, 1007, 1009, 1022, 1182, 1185, 1231, 1270, 2951};
  if (size == 0) return 0;
  const uint32_t oid = kArrayOids[data[0] % std::size(kArrayOids)];
  std::string body;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (AppendArrayBinary(text, ArrayElementOid(oid), body).ok()) CheckBody(body);
  return 0;
}
