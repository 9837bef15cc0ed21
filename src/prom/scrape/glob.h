// Names of files with * and ?.
#pragma once

#include <string>
#include <vector>

namespace luma::prom {

// The files that are there and match `pattern`, sorted; none when there is no such file. Blocks on
// reading directories.
std::vector<std::string> ExpandGlob(const std::string& pattern);

}  // namespace luma::prom
