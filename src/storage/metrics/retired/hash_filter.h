// Says of most hashes of series that are not in a partition that they are not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/hash.h"

namespace luma::storage {

// A Bloom filter of blocks of 64 bytes: a hash sets its bits in one, so a look costs one cache
// line. 16 bits for each hash let one of 1,000 others through. Threads: const methods from any.
class HashFilter {
 public:
  HashFilter() : HashFilter(0) {}
  explicit HashFilter(uint64_t hash_count)
      : bytes_((hash_count * kBitsPerHash / (kBlockBytes * 8) + 1) * kBlockBytes) {}
  // Nullopt when they are not those of a filter.
  static std::optional<HashFilter> FromBytes(ByteSpan bytes) {
    if (bytes.empty() || bytes.size() % kBlockBytes != 0) return std::nullopt;
    HashFilter filter;
    filter.bytes_.assign(bytes.begin(), bytes.end());
    return filter;
  }

  void Add(const Hash128& hash) {
    std::byte* const block = bytes_.data() + BlockOf(hash);
    for (int i = 0; i < kProbes; ++i) block[Bit(hash, i) / 8] |= Mask(hash, i);
  }
  bool MayContain(const Hash128& hash) const {
    const std::byte* const block = bytes_.data() + BlockOf(hash);
    for (int i = 0; i < kProbes; ++i) {
      if ((block[Bit(hash, i) / 8] & Mask(hash, i)) == std::byte{0}) return false;
    }
    return true;
  }
  ByteSpan bytes() const { return bytes_; }

 private:
  static constexpr uint64_t kBitsPerHash = 16;
  static constexpr size_t kBlockBytes = 64;
  static constexpr int kProbes = 7;  // nine bits of the hash each

  size_t BlockOf(const Hash128& hash) const {
    return ((hash.high >> 32) * (bytes_.size() / kBlockBytes) >> 32) * kBlockBytes;
  }
  static uint32_t Bit(const Hash128& hash, int probe) {
    return static_cast<uint32_t>(hash.low >> (9 * probe)) & 511;
  }
  static std::byte Mask(const Hash128& hash, int probe) {
    return std::byte{1} << (Bit(hash, probe) % 8);
  }

  Bytes bytes_;
};

}  // namespace luma::storage
