#include "server/tsdb_blocks.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "storage/catalog.h"
#include "storage/store_report.h"

namespace luma::server {
namespace {

using storage::SegmentReport;
using storage::TableReport;

// A ULID: 48 bits of time and 80 that tell blocks apart, in Crockford's base 32.
std::string Ulid(UnixMillis time, const Hash128& hash) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  constexpr int kTimeDigits = 10;
  constexpr int kHashDigits = 16;
  std::string text(kTimeDigits + kHashDigits, '0');
  auto rest = static_cast<uint64_t>(std::max<UnixMillis>(time, 0));
  for (int i = kTimeDigits; i-- > 0; rest >>= 5) text[static_cast<size_t>(i)] = kDigits[rest & 31];
  for (int i = 0; i < kHashDigits; ++i) {
    const uint64_t half = i < kHashDigits / 2 ? hash.high : hash.low;
    const int shift = 5 * (i % (kHashDigits / 2));
    text[static_cast<size_t>(kTimeDigits + i)] = kDigits[(half >> shift) & 31];
  }
  return text;
}

std::optional<prom::BlockInfo> BlockOf(const TableReport& table, const SegmentReport& segment) {
  const ColumnSchema* const time = table.table->table->FindColumn("ts");
  const auto zone = segment.Zone(time->id);
  if (!zone || !zone->has_min || !zone->has_max) return std::nullopt;
  const UnixMillis first = zone->min.As<UnixMillis>();
  prom::BlockInfo block{.ulid = Ulid(first, HashBytes128(AsBytes(segment.file_name()))),
                        .min_time = first,
                        .max_time = zone->max.As<UnixMillis>() + 1};
  const bool has_floats = table.table->id == storage::kSamplesTableId;
  (has_floats ? block.float_samples : block.histogram_samples) = segment.row_count();
  block.chunks = segment.block_count();
  block.tombstones = segment.deleted_count();
  return block;
}

}  // namespace

std::vector<prom::BlockInfo> TsdbBlocks(storage::MultiTierStorage& engine) {
  std::vector<prom::BlockInfo> blocks;
  for (const TableReport& table : engine.Report().tables) {
    if (std::ranges::find(storage::kSampleTableIds, table.table->id) ==
        std::end(storage::kSampleTableIds)) {
      continue;
    }
    for (const SegmentReport& segment : table.segments) {
      if (const auto block = BlockOf(table, segment)) blocks.push_back(*block);
    }
  }
  std::ranges::sort(blocks, {}, &prom::BlockInfo::min_time);
  return blocks;
}

}  // namespace luma::server
