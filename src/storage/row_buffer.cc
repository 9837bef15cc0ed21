#include "storage/row_buffer.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace luma::storage {
namespace {

// Bytes of a values array: grows by doubling, without clearing what the caller will fill. malloc
// aligns to 16 bytes, as much as the widest value needs.
class GrowingBytes {
 public:
  GrowingBytes() = default;
  GrowingBytes(GrowingBytes&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  GrowingBytes& operator=(GrowingBytes&&) = delete;
  ~GrowingBytes() { std::free(data_); }

  // Returns where the new bytes are; they are not initialised.
  std::byte* Extend(size_t bytes) {
    if (capacity_ - size_ < bytes) Reallocate(std::max(size_ + bytes, capacity_ * 2));
    std::byte* const at = data_ + size_;
    size_ += bytes;
    return at;
  }
  const std::byte* data() const { return data_; }
  size_t capacity() const { return capacity_; }

 private:
  void Reallocate(size_t bytes) {
    data_ = static_cast<std::byte*>(std::realloc(data_, bytes));
    LUMA_CHECK(data_ != nullptr);
    capacity_ = bytes;
  }

  std::byte* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

// Owns the bytes of long strings; they never move.
class StringArena {
 public:
  // A reference to the arena's copy of `text`; short text needs none.
  StringRef Copy(std::string_view text) {
    if (text.size() <= StringRef::kInlineBytes) return StringRef(text);
    if (text.size() > static_cast<size_t>(end_ - next_)) AddChunk(text.size());
    char* const at = next_;
    std::memcpy(at, text.data(), text.size());
    next_ += text.size();
    return {at, static_cast<uint32_t>(text.size())};
  }
  size_t allocated_bytes() const { return allocated_bytes_; }

 private:
  // Chunks double with the arena, so that a one-row buffer stays small and a large one has few.
  static constexpr size_t kChunkBytesMin = 256;
  static constexpr size_t kChunkBytesMax = 1 << 20;

  void AddChunk(size_t bytes_min) {
    const size_t bytes =
        std::max(bytes_min, std::clamp(allocated_bytes_, kChunkBytesMin, kChunkBytesMax));
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    next_ = chunks_.back().get();
    end_ = next_ + bytes;
    allocated_bytes_ += bytes;
  }

  std::vector<std::unique_ptr<char[]>> chunks_;
  char* next_ = nullptr;
  char* end_ = nullptr;
  size_t allocated_bytes_ = 0;
};

// Names the rows of an input span that are copied: all of them, or those of a selection.
class RowPicker {
 public:
  explicit RowPicker(uint32_t count) : count_(count) {}
  explicit RowPicker(std::span<const uint32_t> selection)
      : selection_(selection.data()), count_(static_cast<uint32_t>(selection.size())) {}

  uint32_t count() const { return count_; }
  bool all() const { return selection_ == nullptr; }
  uint32_t operator[](uint32_t i) const { return all() ? i : selection_[i]; }

 private:
  const uint32_t* selection_ = nullptr;
  uint32_t count_;
};

template <size_t kBytes>
void Gather(const std::byte* from, const RowPicker& rows, std::byte* to) {
  for (uint32_t i = 0; i < rows.count(); ++i) {
    std::memcpy(to + i * kBytes, from + size_t{rows[i]} * kBytes, kBytes);
  }
}

void CopyFixed(const ColumnSpan& from, const RowPicker& rows, std::byte* to) {
  const uint32_t value_bytes = ValueBytes(from.type);
  if (rows.all()) {
    std::memcpy(to, from.values, size_t{rows.count()} * value_bytes);
    return;
  }
  switch (value_bytes) {
    case 1:
      return Gather<1>(from.values, rows, to);
    case 2:
      return Gather<2>(from.values, rows, to);
    case 4:
      return Gather<4>(from.values, rows, to);
    case 8:
      return Gather<8>(from.values, rows, to);
    default:
      return Gather<16>(from.values, rows, to);
  }
}

void CopyStrings(const ColumnSpan& from, const RowPicker& rows, StringArena& arena, std::byte* to) {
  const auto* const strings = from.As<StringRef>();
  for (uint32_t i = 0; i < rows.count(); ++i) {
    const uint32_t row = rows[i];
    StoreLe(to + i * sizeof(StringRef),
            from.IsNull(row) ? StringRef() : arena.Copy(strings[row].view()));
  }
}

struct GrowingColumn {
  explicit GrowingColumn(PhysicalType of) : type(of) {}

  PhysicalType type;
  GrowingBytes values;
  uint32_t count = 0;
  // Empty until the first null, then a bit for every row; bits past `count` are set.
  std::vector<uint64_t> validity;

  std::byte* Extend(uint32_t rows) {
    LUMA_CHECK(rows <= UINT32_MAX - count);
    count += rows;
    if (!validity.empty()) validity.resize(ValidityWords(count), ~uint64_t{0});
    return values.Extend(size_t{rows} * ValueBytes(type));
  }
  void SetNull(uint32_t row) {
    if (validity.empty()) validity.resize(ValidityWords(count), ~uint64_t{0});
    validity[row / 64] &= ~(uint64_t{1} << (row % 64));
  }
};

void AppendColumn(const ColumnSpan& from, const RowPicker& rows, StringArena& arena,
                  GrowingColumn& to) {
  LUMA_CHECK(from.type == to.type);
  const uint32_t first = to.count;
  std::byte* const values = to.Extend(rows.count());
  if (to.type == PhysicalType::kBytes) {
    CopyStrings(from, rows, arena, values);
  } else {
    CopyFixed(from, rows, values);
  }
  if (from.validity == nullptr) return;
  for (uint32_t i = 0; i < rows.count(); ++i) {
    if (from.IsNull(rows[i])) to.SetNull(first + i);
  }
}

}  // namespace

struct RowBuffer::Impl {
  std::vector<GrowingColumn> columns;
  StringArena strings;
  uint32_t row_count = 0;

  void Append(std::span<const ColumnSpan> from, const RowPicker& rows) {
    LUMA_CHECK(from.size() == columns.size());
    if (rows.count() == 0) return;
    for (size_t i = 0; i < columns.size(); ++i) {
      LUMA_CHECK(columns[i].count == row_count);
      AppendColumn(from[i], rows, strings, columns[i]);
    }
    row_count += rows.count();
  }
};

RowBuffer::RowBuffer(const std::vector<PhysicalType>& types) : impl_(std::make_unique<Impl>()) {
  impl_->columns.reserve(types.size());
  for (const PhysicalType type : types) impl_->columns.emplace_back(type);
}
RowBuffer::~RowBuffer() = default;
RowBuffer::RowBuffer(RowBuffer&&) noexcept = default;
RowBuffer& RowBuffer::operator=(RowBuffer&&) noexcept = default;

void RowBuffer::Append(std::span<const ColumnSpan> columns) {
  const uint32_t count = columns.empty() ? 0 : columns.front().count;
  for (const ColumnSpan& column : columns) LUMA_CHECK(column.count == count);
  impl_->Append(columns, RowPicker(count));
}

void RowBuffer::Append(std::span<const ColumnSpan> columns, std::span<const uint32_t> selection) {
  if (!selection.empty()) impl_->Append(columns, RowPicker(selection));
}

std::byte* RowBuffer::Grow(size_t column, uint32_t count) {
  GrowingColumn& grown = impl_->columns[column];
  LUMA_CHECK(grown.type != PhysicalType::kBytes);
  return grown.Extend(count);
}

void RowBuffer::CommitRows(uint32_t count) {
  impl_->row_count += count;
  for (const GrowingColumn& column : impl_->columns) LUMA_CHECK(column.count == impl_->row_count);
}

uint32_t RowBuffer::row_count() const { return impl_->row_count; }
size_t RowBuffer::column_count() const { return impl_->columns.size(); }

ColumnSpan RowBuffer::Column(size_t column) const {
  const auto& stored = impl_->columns[column];
  return {.type = stored.type,
          .count = impl_->row_count,
          .values = stored.values.data(),
          .validity = stored.validity.empty() ? nullptr : stored.validity.data()};
}

size_t RowBuffer::memory_bytes() const {
  size_t bytes = sizeof(Impl) + impl_->strings.allocated_bytes();
  for (const auto& column : impl_->columns) {
    bytes += sizeof(column) + column.values.capacity() + column.validity.capacity() * 8;
  }
  return bytes;
}

}  // namespace luma::storage
