#include "prom/scrape/file_discovery.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "base/log.h"
#include "prom/scrape/glob.h"
#include "prom/scrape/prometheus_config.h"

namespace luma::prom {

std::chrono::milliseconds FileDiscoverer::interval() const {
  return std::min(config_.refresh_interval, std::chrono::milliseconds(1'000));
}

Result<std::vector<TargetGroup>> FileDiscoverer::Discover(const std::stop_token&) {
  std::set<std::string> paths;
  for (const std::string& pattern : config_.files) {
    for (std::string& path : ExpandGlob(pattern)) paths.insert(std::move(path));
  }
  std::erase_if(files_, [&paths](const auto& file) { return !paths.contains(file.first); });
  for (const std::string& path : paths) {
    KnownFile& file = files_[path];
    const FileMark mark = MarkOf(path);
    if (mark == file.mark) continue;
    file.mark = mark;
    const Status status = Read(path, file);
    if (!status.ok()) {
      LUMA_LOG(kWarn, "scrape", "targets stay as they were: {}", status.message());
    }
  }
  std::vector<TargetGroup> groups;
  for (const auto& [path, file] : files_) {
    groups.insert(groups.end(), file.groups.begin(), file.groups.end());
  }
  return groups;
}

FileDiscoverer::FileMark FileDiscoverer::MarkOf(const std::string& path) {
  struct stat found{};
  if (stat(path.c_str(), &found) != 0) return {};
  // Not when it was modified: rights that change let it be read.
  return {.changed_nanos = found.st_ctim.tv_sec * 1'000'000'000 + found.st_ctim.tv_nsec,
          .bytes = found.st_size,
          .inode = found.st_ino};
}

Status FileDiscoverer::Read(const std::string& path, KnownFile& file) {
  std::ifstream in(path);
  if (!in) return Status::NotFound("cannot read: file=", path);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  Result<std::vector<TargetGroup>> groups = ParseTargetGroups(text);
  if (!groups.ok()) return groups.status().WithContext(path);
  for (TargetGroup& group : *groups) group.labels.insert_or_assign("__meta_filepath", path);
  file.groups = *std::move(groups);
  return Status::Ok();
}

}  // namespace luma::prom
