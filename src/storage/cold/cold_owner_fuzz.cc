// Any text is read without harm, and what is accepted is exactly what would be written.
#include <cstdlib>

#include "storage/cold/cold_owner.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace luma;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto token = storage::ParseOwnerObject(text);
  if (token && storage::OwnerObjectText(*token) != text) std::abort();
  const auto tokens = storage::ParseOwnerFile(text);
  if (tokens.ok() && storage::OwnerFileText(*tokens) != text) std::abort();
  return 0;
}
