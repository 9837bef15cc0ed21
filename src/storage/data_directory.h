// Where things lie below the data directory.
#pragma once

#include <string>

#include "io/file_system.h"

namespace luma::storage {

struct DataDirectory {
  io::Path root;

  io::Path manifest() const { return io::JoinPath(root, "manifest"); }
  io::Path wal() const { return io::JoinPath(root, "wal"); }
  io::Path segments() const { return io::JoinPath(root, "segments"); }
  io::Path expiry_clock() const { return io::JoinPath(root, "expiry_clock"); }
  io::Path segment(const std::string& file_name) const {
    return io::JoinPath(segments(), file_name);
  }
};

}  // namespace luma::storage
