// A column block: up to 2^32-1 values of one column as self-describing bytes, the unit in which
// segments, the WAL and the wire of replication keep columns. Bytes: docs/formats/block.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/column.h"
#include "base/status.h"
#include "encoding/decoded_block.h"

namespace luma::encoding {

// On disk; numbers are never reused.
enum class CodecId : uint8_t {
  kPlain = 0,            // values as they lie in memory; strings as lengths and bytes
  kConstant = 1,         // one value
  kRle = 2,              // run values and run lengths, any type but strings
  kForBitPack = 3,       // integers: distance from the minimum, bit-packed
  kDeltaBitPack = 4,     // integers: distance from the previous value, bit-packed
  kDeltaOfDelta = 5,     // integers, made for timestamps: change of that distance, bit-packed
  kGorilla = 6,          // doubles: XOR with the previous value
  kDictionary = 7,       // strings: distinct values and codes
  kDecimal = 8,          // doubles: integers of a common power of ten
  kGroups = 9,           // any type but strings: a block for each group of rows
  kFsst = 10,            // strings: codes for frequent substrings
  kFsstDictionary = 11,  // kDictionary with its distinct values as kFsst has them
  kAlp = 12,             // doubles: as kDecimal, the integers in lanes that unpack in one pass
  kAlpRd = 13,  // doubles that are no decimals: a few different upper bits, packed lower ones
};
constexpr int kCodecCount = 14;
// Containers of their first version hold codecs below this number.
constexpr int kFirstCodecCount = 10;

std::string_view CodecName(CodecId codec);  // "delta_of_delta"

// Whether blocks of `type` can use the codec at all. Whether they do also depends on the values:
// 128-bit integers use the integer codecs only when every value fits 64 bits.
bool CodecFits(CodecId codec, PhysicalType type);

enum class EncodeEffort : uint8_t {
  kFast,     // WAL: plain, constant, frame of reference or delta after one look; never zstd
  kCompact,  // files: the smallest of the fitting codecs on a sample of the block
};

struct EncodeOptions {
  EncodeEffort effort = EncodeEffort::kCompact;
  // Compress the payload again and keep that if it saves an eighth. Ignored with kFast. Strings
  // stay FSST, which decodes faster, unless zstd saves an eighth of that.
  bool second_pass_zstd = false;
  int zstd_level = 1;
  // Lengths of the groups that the rows come in, together the column's count, none 0; empty: none
  // known. Neighbours in a group are alike, those in different groups need not be: samples of one
  // series after another. A hint: used where kCompact gets smaller by it. Must outlive the call.
  std::span<const uint32_t> group_rows = {};
  // Use this codec if it fits the type and the values (kGroups: and group_rows are given), kPlain
  // otherwise. For tests and benchmarks.
  std::optional<CodecId> force = std::nullopt;
};

// Encodes the column. Values of null rows are not kept. Never fails; allocates.
Bytes EncodeBlock(const ColumnSpan& column, const EncodeOptions& options);
// The same, appended to `out`, for callers that lay many blocks end to end.
void AppendBlock(const ColumnSpan& column, const EncodeOptions& options, Bytes& out);

// Decodes exactly `bytes`. The type and the row count come from whoever keeps the block, and so
// does which codecs there may be, in inner blocks too: those below `codec_count`. Errors:
// kCorruption for any bytes EncodeBlock could not have written that are noticed. There is no
// checksum here: damage may also decode to other values, so keepers add their own. Memory:
// O(row_count + 1024 * bytes.size()), whatever the bytes declare.
Result<DecodedBlock> DecodeBlock(PhysicalType type, uint32_t row_count, ByteSpan bytes,
                                 int codec_count = kCodecCount);

inline constexpr size_t kBlockHeaderBytes = 2;  // docs/formats/block.md

// What a block says about itself, for inspection tools. `bytes` begins with its header. Errors:
// kCorruption if it has none.
struct BlockDescription {
  CodecId codec = CodecId::kPlain;
  bool has_nulls = false;
  bool zstd = false;
};
Result<BlockDescription> DescribeBlock(ByteSpan bytes);

}  // namespace luma::encoding
