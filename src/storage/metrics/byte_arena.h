// Many small byte strings that live as long as the arena and never move.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace luma::storage {

// Thread-compatible.
class ByteArena {
 public:
  std::string_view Copy(std::string_view bytes) {
    if (bytes.size() > left_) AddChunk(bytes.size());
    char* const at = next_;
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    next_ += bytes.size();
    left_ -= bytes.size();
    return {at, bytes.size()};
  }
  size_t allocated_bytes() const { return allocated_bytes_; }

 private:
  static constexpr size_t kChunkBytes = 64 << 10;

  void AddChunk(size_t bytes_min) {
    left_ = std::max(bytes_min, kChunkBytes);
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(left_));
    next_ = chunks_.back().get();
    allocated_bytes_ += left_;
  }

  std::vector<std::unique_ptr<char[]>> chunks_;
  char* next_ = nullptr;
  size_t left_ = 0;
  size_t allocated_bytes_ = 0;
};

}  // namespace luma::storage
