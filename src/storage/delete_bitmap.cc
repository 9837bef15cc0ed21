#include "storage/delete_bitmap.h"

#include <roaring/roaring.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/column.h"

namespace luma::storage {

void DeleteBitmap::Free::operator()(roaring_bitmap_s* bitmap) const { roaring_bitmap_free(bitmap); }

DeleteBitmap::DeleteBitmap() : bitmap_(roaring_bitmap_create()) { LUMA_CHECK(bitmap_ != nullptr); }

DeleteBitmap::DeleteBitmap(const DeleteBitmap& other)
    : bitmap_(roaring_bitmap_copy(other.bitmap_.get())) {
  LUMA_CHECK(bitmap_ != nullptr);
}

DeleteBitmap& DeleteBitmap::operator=(DeleteBitmap other) noexcept {
  std::swap(bitmap_, other.bitmap_);
  return *this;
}

bool DeleteBitmap::Add(uint32_t position) {
  return roaring_bitmap_add_checked(bitmap_.get(), position);
}

void DeleteBitmap::AddAll(const DeleteBitmap& other) {
  roaring_bitmap_or_inplace(bitmap_.get(), other.bitmap_.get());
}

bool DeleteBitmap::Contains(uint32_t position) const {
  return roaring_bitmap_contains(bitmap_.get(), position);
}

bool DeleteBitmap::Intersects(const DeleteBitmap& other) const {
  return roaring_bitmap_intersect(bitmap_.get(), other.bitmap_.get());
}

uint32_t DeleteBitmap::count() const {
  return static_cast<uint32_t>(roaring_bitmap_get_cardinality(bitmap_.get()));
}

uint32_t DeleteBitmap::max() const { return roaring_bitmap_maximum(bitmap_.get()); }

uint32_t DeleteBitmap::CopyRange(uint32_t start, uint32_t rows, std::span<uint64_t> words) const {
  std::fill_n(words.begin(), ValidityWords(rows), 0);
  roaring_uint32_iterator_t iterator;
  roaring_init_iterator(bitmap_.get(), &iterator);
  roaring_move_uint32_iterator_equalorlarger(&iterator, start);
  uint32_t found = 0;
  while (iterator.has_value && iterator.current_value - start < rows) {
    const uint32_t row = iterator.current_value - start;
    words[row / 64] |= uint64_t{1} << (row % 64);
    ++found;
    roaring_advance_uint32_iterator(&iterator);
  }
  return found;
}

void DeleteBitmap::ForEach(const std::function<void(uint32_t)>& visit) const {
  roaring_uint32_iterator_t iterator;
  roaring_init_iterator(bitmap_.get(), &iterator);
  while (iterator.has_value) {
    visit(iterator.current_value);
    roaring_advance_uint32_iterator(&iterator);
  }
}

Bytes DeleteBitmap::Serialize() const {
  Bytes bytes(roaring_bitmap_portable_size_in_bytes(bitmap_.get()));
  roaring_bitmap_portable_serialize(bitmap_.get(), reinterpret_cast<char*>(bytes.data()));
  return bytes;
}

Result<DeleteBitmap> DeleteBitmap::Deserialize(ByteSpan bytes) {
  constexpr size_t kBytesMin = 8;  // cookie and count; the library complains on stderr about less
  const char* const data = reinterpret_cast<const char*>(bytes.data());
  if (bytes.size() < kBytesMin ||
      roaring_bitmap_portable_deserialize_size(data, bytes.size()) != bytes.size()) {
    return Status::Corruption("delete bitmap has the wrong size: bytes=", bytes.size());
  }
  roaring_bitmap_s* const bitmap = roaring_bitmap_portable_deserialize_safe(data, bytes.size());
  if (bitmap == nullptr) {
    return Status::Corruption("delete bitmap cannot be read: bytes=", bytes.size());
  }
  return DeleteBitmap(bitmap);
}

bool DeleteBitmap::operator==(const DeleteBitmap& other) const {
  return roaring_bitmap_equals(bitmap_.get(), other.bitmap_.get());
}

DeleteBitmapPtr Union(const DeleteBitmapPtr& a, const DeleteBitmapPtr& b) {
  if (a == nullptr) return b;
  if (b == nullptr) return a;
  auto both = std::make_shared<DeleteBitmap>(*a);
  both->AddAll(*b);
  return both;
}

}  // namespace luma::storage
