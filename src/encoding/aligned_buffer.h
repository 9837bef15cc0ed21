// Heap memory for column values: aligned for any value and any vector instruction, not zeroed.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "base/check.h"

namespace luma::encoding {

// Move-only owner of `size` bytes; moving keeps their address. The bytes are uninitialised: whoever
// allocates writes all of them before handing the buffer on. Aborts when memory is exhausted.
class AlignedBuffer {
 public:
  static constexpr size_t kAlignment = 64;  // one cache line, the widest vector register

  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t size) : size_(size) {
    if (size == 0) return;
    const size_t rounded = (size + kAlignment - 1) / kAlignment * kAlignment;
    bytes_.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded)));
    LUMA_CHECK(bytes_ != nullptr);
  }

  std::byte* data() { return bytes_.get(); }
  const std::byte* data() const { return bytes_.get(); }
  size_t size() const { return size_; }

  template <typename T>
  T* As() {
    return reinterpret_cast<T*>(bytes_.get());
  }
  template <typename T>
  const T* As() const {
    return reinterpret_cast<const T*>(bytes_.get());
  }

 private:
  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<std::byte[], Free> bytes_;
  size_t size_ = 0;
};

}  // namespace luma::encoding
