#include "base/failpoint.h"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <map>
#include <string>

#include "base/mutex.h"

namespace luma::failpoint {

std::atomic<bool> g_any_armed{false};

namespace {

constexpr int kCrashExitCode = 86;

struct Point {
  uint64_t hits_until_action = 0;
  bool crash = true;
};

Mutex g_mutex;
std::map<std::string, Point, std::less<>>& Points() LUMA_REQUIRES(g_mutex) {
  static auto* points = new std::map<std::string, Point, std::less<>>;
  return *points;
}

// Takes the text up to `separator` off the front of `text`.
std::string_view TakeUntil(std::string_view& text, char separator) {
  const size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return part;
}

}  // namespace

Status Arm(std::string_view specification) {
  MutexLock lock(g_mutex);
  Points().clear();
  while (!specification.empty()) {
    std::string_view entry = TakeUntil(specification, ',');
    const std::string_view name = TakeUntil(entry, ':');
    const std::string_view count = TakeUntil(entry, ':');
    Point point;
    const auto parsed =
        std::from_chars(count.data(), count.data() + count.size(), point.hits_until_action);
    const bool known_action = entry.empty() || entry == "crash" || entry == "error";
    if (name.empty() || parsed.ec != std::errc() || point.hits_until_action == 0 || !known_action) {
      return Status::InvalidArgument("bad failpoint, want name:n[:crash|:error]: name=", name);
    }
    point.crash = entry != "error";
    Points()[std::string(name)] = point;
  }
  g_any_armed = !Points().empty();
  return Status::Ok();
}

Status ArmFromEnvironment() {
  const char* specification = std::getenv("LUMA_FAILPOINT");
  return Arm(specification == nullptr ? "" : specification);
}

Status Hit(std::string_view name) {
  MutexLock lock(g_mutex);
  const auto found = Points().find(name);
  if (found == Points().end() || found->second.hits_until_action == 0) return Status::Ok();
  if (--found->second.hits_until_action > 0) return Status::Ok();
  if (found->second.crash) _exit(kCrashExitCode);
  return Status::IoError("failpoint: name=", name);
}

}  // namespace luma::failpoint
