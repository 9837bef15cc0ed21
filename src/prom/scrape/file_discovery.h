// file_sd_configs: lists of targets in files that other programs write.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "prom/scrape/discovery.h"

namespace luma::prom {

// Looks once a second whether a file has changed. A file that cannot be read or makes no sense
// keeps the targets it had, as in Prometheus; one that is gone has none. Its groups get the label
// __meta_filepath.
class FileDiscoverer final : public Discoverer {
 public:
  explicit FileDiscoverer(FileDiscoveryConfig config) : config_(std::move(config)) {}

  std::chrono::milliseconds interval() const override;
  // Never an error; stops for nothing.
  Result<std::vector<TargetGroup>> Discover(const std::stop_token& stop) override;

 private:
  // What tells whether a file is the one that was read.
  struct FileMark {
    int64_t changed_nanos = 0;
    int64_t bytes = -1;
    uint64_t inode = 0;
    bool operator==(const FileMark&) const = default;
  };
  struct KnownFile {
    FileMark mark;
    std::vector<TargetGroup> groups;
  };
  static FileMark MarkOf(const std::string& path);
  static Status Read(const std::string& path, KnownFile& file);

  const FileDiscoveryConfig config_;
  std::map<std::string, KnownFile> files_;
};

}  // namespace luma::prom
