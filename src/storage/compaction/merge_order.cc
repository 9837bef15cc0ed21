#include "storage/compaction/merge_order.h"

#include <algorithm>
#include <vector>

#include "base/check.h"

namespace luma::storage {
namespace {

constexpr uint32_t kRowsBits = 24;
constexpr uint32_t kRowsMax = (1u << kRowsBits) - 1;

uint32_t InputOf(uint32_t stretch) { return stretch >> kRowsBits; }
uint32_t RowsOf(uint32_t stretch) { return stretch & kRowsMax; }

std::vector<uint32_t> PositionsIn(const DeleteBitmapPtr& bitmap) {
  std::vector<uint32_t> positions;
  if (bitmap == nullptr) return positions;
  positions.reserve(bitmap->count());
  bitmap->ForEach([&](uint32_t position) { positions.push_back(position); });
  return positions;
}

// For every row in `now` that is not in `merged`: how many rows before it were merged. Ascending.
std::vector<uint32_t> RanksOfNew(const DeleteBitmapPtr& merged, const DeleteBitmapPtr& now) {
  std::vector<uint32_t> ranks;
  if (merged == now) return ranks;
  const std::vector<uint32_t> left_out = PositionsIn(merged);
  size_t before = 0;  // of left_out
  for (const uint32_t position : PositionsIn(now)) {
    while (before < left_out.size() && left_out[before] < position) ++before;
    const bool is_old = before < left_out.size() && left_out[before] == position;
    if (!is_old) ranks.push_back(position - static_cast<uint32_t>(before));
  }
  return ranks;
}

// The rows of one input on their way to new positions.
struct Cursor {
  std::vector<uint32_t> ranks;
  size_t next = 0;           // of ranks
  uint32_t rows_before = 0;  // of the input, in the stretches so far
};

}  // namespace

void MergeOrder::Append(size_t input, uint32_t rows) {
  LUMA_CHECK(input < kInputsMax);
  while (rows > 0) {
    const bool continues = !stretches_.empty() && InputOf(stretches_.back()) == input &&
                           RowsOf(stretches_.back()) < kRowsMax;
    if (!continues) stretches_.push_back(static_cast<uint32_t>(input) << kRowsBits);
    const uint32_t added = std::min(rows, kRowsMax - RowsOf(stretches_.back()));
    stretches_.back() += added;
    rows -= added;
  }
}

uint64_t MergeOrder::memory_bytes_next() const {
  constexpr uint64_t kStepBytes = 64 << 10;
  constexpr uint64_t kPieceBytes = 512;
  const uint64_t table_bytes = memory_bytes() / kPieceBytes * sizeof(void*) * 2;  // of the pieces
  const uint64_t bytes = memory_bytes() + table_bytes + 2 * kPieceBytes;
  return (bytes / kStepBytes + 1) * kStepBytes;
}

DeleteBitmapPtr MergeOrder::Remap(std::span<const DeleteBitmapPtr> merged,
                                  std::span<const DeleteBitmapPtr> now) const {
  LUMA_CHECK(merged.size() == now.size());
  std::vector<Cursor> cursors(now.size());
  bool is_empty = true;
  for (size_t i = 0; i < now.size(); ++i) {
    cursors[i].ranks = RanksOfNew(merged[i], now[i]);
    is_empty = is_empty && cursors[i].ranks.empty();
  }
  if (is_empty) return nullptr;
  auto remapped = std::make_shared<DeleteBitmap>();
  uint32_t start = 0;  // of the stretch, in the merged run
  for (const uint32_t stretch : stretches_) {
    Cursor& cursor = cursors[InputOf(stretch)];
    const uint32_t end = cursor.rows_before + RowsOf(stretch);
    for (; cursor.next < cursor.ranks.size() && cursor.ranks[cursor.next] < end; ++cursor.next) {
      remapped->Add(start + cursor.ranks[cursor.next] - cursor.rows_before);
    }
    cursor.rows_before = end;
    start += RowsOf(stretch);
  }
  return remapped;
}

}  // namespace luma::storage
