#include "server/machine_memory.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string>

#include "server/quantity.h"

namespace luma::server {
namespace {

constexpr uint64_t kAmountMin = 256ull << 20;
constexpr uint64_t kAmountMax = 1ull << 40;

uint64_t PhysicalBytes() {
  return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// Of the folder `path` below `mount` and of its parents. A container often sees its own group as
// the root, so folders that are not there are passed over.
uint64_t SmallestLimit(const std::filesystem::path& mount, std::string_view path,
                       std::string_view file_name) {
  uint64_t smallest = UINT64_MAX;
  std::filesystem::path folder = mount;
  const auto look = [&] {
    std::ifstream file(folder / file_name);
    std::string line;
    if (std::getline(file, line)) smallest = std::min(smallest, ParseCgroupLimit(line));
  };
  look();
  for (const auto& part : std::filesystem::path(path).relative_path()) {
    folder /= part;
    look();
  }
  return smallest;
}

// Lines of /proc/self/cgroup are "number:controllers:path"; version 2 has no controllers.
uint64_t CgroupBytes() {
  uint64_t smallest = UINT64_MAX;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      smallest = std::min(smallest, SmallestLimit("/sys/fs/cgroup", path, "memory.max"));
    } else if (controllers == "memory") {
      smallest =
          std::min(smallest, SmallestLimit("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes"));
    }
  }
  return smallest;
}

Result<uint64_t> ParsePercent(std::string_view text, uint64_t machine_bytes) {
  uint64_t percent = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), percent);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || percent < 1 ||
      percent > 100) {
    return Status::InvalidArgument("not a percentage: value=", text, "% allowed=1% .. 100%");
  }
  return std::clamp(machine_bytes / 100 * percent, kAmountMin, kAmountMax);
}

}  // namespace

uint64_t MachineMemoryBytes() { return std::min(PhysicalBytes(), CgroupBytes()); }

uint64_t ParseCgroupLimit(std::string_view text) {
  uint64_t bytes = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), bytes);
  return parsed.ec == std::errc() ? bytes : UINT64_MAX;
}

Result<uint64_t> ParseMemoryAmount(std::string_view text, uint64_t machine_bytes) {
  if (text.ends_with('%')) return ParsePercent(text.substr(0, text.size() - 1), machine_bytes);
  LUMA_ASSIGN_OR_RETURN(const ByteCount count, ParseByteCount(text));
  if (count.bytes >= kAmountMin && count.bytes <= kAmountMax) return count.bytes;
  return Status::InvalidArgument("value not allowed: value=", text, " allowed=256MiB .. 1TiB");
}

}  // namespace luma::server
