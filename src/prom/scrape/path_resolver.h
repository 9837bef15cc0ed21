// Where the files are that a configuration names.
#pragma once

#include <string>

namespace luma::prom {

// Paths of files are relative to the directory of the configuration, which outlives this; with none
// they stay as they are.
class PathResolver {
 public:
  explicit PathResolver(const std::string& directory) : directory_(directory) {}
  void Resolve(std::string& path) const {
    if (!path.empty() && !directory_.empty() && path[0] != '/') path = directory_ + "/" + path;
  }

 private:
  const std::string& directory_;
};

}  // namespace luma::prom
