// Constants of docs/formats/series_partition.md that its writer and its reader share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace luma::storage {

inline constexpr std::string_view kPartitionMagic = "LUMASPRT";
inline constexpr uint32_t kPartitionVersion = 1;
inline constexpr size_t kPartitionHeaderBytes = 12;  // magic, version
inline constexpr size_t kPartitionFooterBytes = 24;  // directory: offset, bytes, crc; magic
inline constexpr uint32_t kLabelsPerBlock = 128;
inline constexpr uint32_t kHashesPerBlock = 1024;
inline constexpr size_t kHashEntryBytes = 12;         // low half of the hash, id
inline constexpr size_t kValueBlockBytes = 16 << 10;  // reached by all blocks but the last
inline constexpr uint32_t kPartitionBlockBytesMax = 1u << 30;

}  // namespace luma::storage
