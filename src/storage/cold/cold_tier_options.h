// What the engine needs to keep a cold tier.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace luma::io {
class ObjectStore;
}  // namespace luma::io

namespace luma::storage {

class ColdFormat;

struct ColdTierOptions {
  // Both or none: without them there is no cold tier, and a store that has cold runs does not open.
  std::shared_ptr<io::ObjectStore> store = nullptr;
  std::shared_ptr<ColdFormat> format = nullptr;
  // Before every key; several databases may share a bucket. Empty or "a/b/".
  std::string key_prefix = {};
  // Pieces of cold objects kept on the local disk, least recently used out first.
  uint64_t cache_bytes_max = 1ull << 30;
  // Segment files above this move to the cold tier, oldest first, whatever their age.
  std::optional<uint64_t> warm_bytes_max = std::nullopt;
};

}  // namespace luma::storage
