#include "server/open_files.h"

#include <sys/resource.h>

#include <algorithm>

#include "base/check.h"

namespace luma::server {

uint64_t RaiseOpenFileLimit() {
  rlimit limit{};
  LUMA_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  rlimit raised = limit;
  raised.rlim_cur = raised.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

namespace {

constexpr uint64_t kFilesOfAConnection = 4;
constexpr uint64_t kMemoryOfAConnection = 128 << 10;

}  // namespace

size_t ConnectionsThatFit(size_t wanted, uint64_t open_file_limit, uint64_t memory_bytes) {
  return std::min<uint64_t>({wanted, std::max<uint64_t>(open_file_limit / kFilesOfAConnection, 1),
                             std::max<uint64_t>(memory_bytes / kMemoryOfAConnection, 1)});
}

}  // namespace luma::server
