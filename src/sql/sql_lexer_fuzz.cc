#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "sql/postgres_rewrite.h"
#include "sql/statement_splitter.h"

// Tokens lie in the text in order, and no rewriting loses its way in it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  size_t at = 0;
  for (const luma::sql::Token& token : luma::sql::Tokenize(text)) {
    LUMA_CHECK(token.offset >= at && token.end() <= size && !token.text.empty());
    at = token.end();
  }
  const auto rewritten = luma::sql::RewritePostgres(text);
  for (size_t i = 0; i < rewritten.text.size(); ++i) {
    LUMA_CHECK(rewritten.edits.OriginalOffset(i) <= size);
  }
  static_cast<void>(luma::sql::SplitStatements(text).ok());
  return 0;
}
