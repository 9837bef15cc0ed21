#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace luma {

void CheckFailed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "check failed: %s file=%s line=%d\n", expression, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace luma
