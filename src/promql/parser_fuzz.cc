// Any text parses or is refused; what parses keeps within the depth limit.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "promql/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const luma::Result<luma::promql::ExprPtr> expr = luma::promql::Parse(text);
  if (expr.ok()) LUMA_CHECK((*expr)->depth <= luma::promql::kTreeDepthMax);
  static_cast<void>(luma::promql::ParseSelector(text).ok());
  return 0;
}
