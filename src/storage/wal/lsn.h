// The number of a log record: 1, 2, 3, ... without gaps over the whole life of a log, so it also
// numbers commits and positions in the change stream. 0 is "before the first record".
#pragma once

#include <cstdint>

namespace luma::storage {

enum class Lsn : uint64_t {};

inline constexpr Lsn kNoLsn{0};
inline constexpr Lsn kFirstLsn{1};

constexpr uint64_t ToNumber(Lsn lsn) { return static_cast<uint64_t>(lsn); }
constexpr Lsn Next(Lsn lsn) { return Lsn{ToNumber(lsn) + 1}; }
constexpr Lsn Previous(Lsn lsn) { return Lsn{ToNumber(lsn) - 1}; }

}  // namespace luma::storage
