// Which positions of a run are deleted: a compressed bitmap of 32-bit positions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/status.h"

// roaring.h is not included here: its macros and inline functions stay in delete_bitmap.cc.
extern "C" {
struct roaring_bitmap_s;
}

namespace luma::storage {

// A value; copies are deep. Versions of a table share it as DeleteBitmapPtr and never change it.
// Threads: as a plain value.
class DeleteBitmap {
 public:
  DeleteBitmap();
  DeleteBitmap(const DeleteBitmap& other);
  DeleteBitmap(DeleteBitmap&& other) noexcept = default;
  DeleteBitmap& operator=(DeleteBitmap other) noexcept;
  ~DeleteBitmap() = default;

  // False when the position was in already.
  bool Add(uint32_t position);
  void AddAll(const DeleteBitmap& other);

  bool Contains(uint32_t position) const;
  bool Intersects(const DeleteBitmap& other) const;
  uint32_t count() const;
  bool empty() const { return count() == 0; }
  // Only meaningful when not empty.
  uint32_t max() const;

  // Sets bit i of `words` for every position start + i, i < rows; returns how many. `words` has
  // ValidityWords(rows) words and is cleared first.
  uint32_t CopyRange(uint32_t start, uint32_t rows, std::span<uint64_t> words) const;
  // In ascending order.
  void ForEach(const std::function<void(uint32_t position)>& visit) const;

  // The portable roaring format (https://github.com/RoaringBitmap/RoaringFormatSpec).
  Bytes Serialize() const;
  // Needs exactly the bytes of one bitmap. Errors: kCorruption.
  static Result<DeleteBitmap> Deserialize(ByteSpan bytes);

  bool operator==(const DeleteBitmap& other) const;

 private:
  struct Free {
    void operator()(roaring_bitmap_s* bitmap) const;
  };
  explicit DeleteBitmap(roaring_bitmap_s* bitmap) : bitmap_(bitmap) {}

  std::unique_ptr<roaring_bitmap_s, Free> bitmap_;
};

// Null stands for the empty bitmap: most runs have no deleted rows.
using DeleteBitmapPtr = std::shared_ptr<const DeleteBitmap>;

inline bool IsDeleted(const DeleteBitmapPtr& bitmap, uint32_t position) {
  return bitmap != nullptr && bitmap->Contains(position);
}
inline uint32_t DeletedCount(const DeleteBitmapPtr& bitmap) {
  return bitmap == nullptr ? 0 : bitmap->count();
}
// Null when both are.
DeleteBitmapPtr Union(const DeleteBitmapPtr& a, const DeleteBitmapPtr& b);

}  // namespace luma::storage
