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
  // Sidecars of cold runs, and files on their way to the object store.
  io::Path cold() const { return io::JoinPath(root, "cold"); }
  // Whose the cold tier is: storage/cold/cold_owner.h.
  io::Path cold_owner() const { return io::JoinPath(cold(), "owner"); }
  // Pieces of cold objects: storage/cold/object_cache.h.
  io::Path cold_cache() const { return io::JoinPath(cold(), "cache"); }
  io::Path cold_file(const std::string& file_name) const { return io::JoinPath(cold(), file_name); }
};

}  // namespace luma::storage
