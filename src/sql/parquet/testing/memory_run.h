// A run in memory, in blocks of every shape, and a cold file in memory.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "storage/cold/cold_format.h"
#include "storage/table_snapshot.h"

namespace luma::sql {

// A value as the engine stores it: the bytes of a number, or a string; null when absent.
using StoredValue = std::optional<std::string>;
using StoredValues = std::vector<StoredValue>;

// The memory of one block. Not movable: strings are pointed into.
struct BlockMemory {
  std::vector<std::string> strings;
  std::vector<uint64_t> values;  // for its alignment
  std::vector<uint64_t> validity;
  std::vector<uint32_t> codes;
};

inline void PlaceValues(PhysicalType type, const StoredValues& from, BlockMemory& memory) {
  const uint32_t width = ValueBytes(type);
  memory.values.resize((from.size() * width + 7) / 8 + 1);
  memory.validity.assign(ValidityWords(from.size()) + 1, 0);
  memory.strings.reserve(from.size());
  auto* to = reinterpret_cast<std::byte*>(memory.values.data());
  for (size_t i = 0; i < from.size(); ++i) {
    memory.strings.push_back(from[i].value_or(std::string()));
    if (from[i]) memory.validity[i / 64] |= uint64_t{1} << (i % 64);
    if (type == PhysicalType::kBytes) {
      const StringRef reference{std::string_view(memory.strings.back())};
      std::memcpy(to + i * width, &reference, width);
    } else if (from[i]) {
      std::memcpy(to + i * width, from[i]->data(), width);
    }
  }
}

inline bool HasNull(const StoredValues& values) {
  return std::ranges::any_of(values, [](const StoredValue& value) { return !value; });
}

inline ColumnSpan SpanOver(PhysicalType type, const StoredValues& values, BlockMemory& memory) {
  return {.type = type,
          .count = static_cast<uint32_t>(values.size()),
          .values = reinterpret_cast<const std::byte*>(memory.values.data()),
          .validity = HasNull(values) ? memory.validity.data() : nullptr};
}

// As a constant or a dictionary block when the values allow it and `prefer_flat` does not say no.
inline storage::ColumnBlock MakeBlock(PhysicalType type, const StoredValues& values,
                                      bool prefer_flat) {
  auto memory = std::make_shared<BlockMemory>();
  StoredValues distinct;
  std::map<StoredValue, uint32_t> codes;
  for (const StoredValue& value : values) {
    const auto [code, is_new] = codes.try_emplace(value, codes.size());
    if (is_new) distinct.push_back(value);
    memory->codes.push_back(code->second);
  }
  storage::ColumnBlock block;
  block.row_count = static_cast<uint32_t>(values.size());
  block.owner = memory;
  if (prefer_flat || (distinct.size() > 1 && distinct.size() > values.size() / 2)) {
    PlaceValues(type, values, *memory);
    block.flat = SpanOver(type, values, *memory);
    return block;
  }
  PlaceValues(type, distinct, *memory);
  block.flat = SpanOver(type, distinct, *memory);
  block.shape = distinct.size() == 1 ? storage::ColumnBlock::Shape::kConstant
                                     : storage::ColumnBlock::Shape::kDictionary;
  block.codes = memory->codes.data();
  return block;
}

class MemoryRun final : public storage::RunView {
 public:
  // Blocks of `block_rows` rows, a multiple of 64.
  MemoryRun(uint32_t row_count, uint32_t block_rows)
      : row_count_(row_count), block_rows_(block_rows) {}

  void Add(const ColumnSchema& column, const StoredValues& values) {
    for (uint32_t block = 0; block < block_count(); ++block) {
      const auto first = values.begin() + BlockStart(block);
      blocks_[column.id].push_back(MakeBlock(
          column.physical_type, StoredValues(first, first + BlockRows(block)), block % 2 == 0));
    }
  }

  storage::RunId id() const override { return storage::RunId{7}; }
  uint32_t row_count() const override { return row_count_; }
  uint32_t deleted_count() const override { return 0; }
  uint32_t block_count() const override { return (row_count_ + block_rows_ - 1) / block_rows_; }
  uint32_t BlockStart(uint32_t block) const override { return block * block_rows_; }
  uint32_t BlockRows(uint32_t block) const override {
    return std::min(block_rows_, row_count_ - BlockStart(block));
  }
  const storage::ZoneMap* Zone(ColumnId, uint32_t) const override { return nullptr; }
  Result<storage::ColumnBlock> Read(const ColumnSchema& column, uint32_t block) const override {
    return blocks_.at(column.id)[block];
  }
  uint32_t DeletedRows(uint32_t, std::span<uint64_t> words) const override {
    std::ranges::fill(words, 0);
    return 0;
  }
  bool IsDeleted(uint32_t) const override { return false; }

 private:
  const uint32_t row_count_;
  const uint32_t block_rows_;
  std::map<ColumnId, std::vector<storage::ColumnBlock>> blocks_;
};

// An object of bytes in memory.
class MemoryObject final : public storage::ColdBytes {
 public:
  explicit MemoryObject(Bytes bytes) : bytes_(std::move(bytes)) {}
  const std::string& name() const override { return name_; }
  uint64_t size_bytes() const override { return bytes_.size(); }
  Status Read(uint64_t offset, std::span<std::byte> out) const override {
    if (offset + out.size() > bytes_.size()) return Status::Corruption("too short: ", name_);
    std::copy_n(bytes_.begin() + static_cast<ptrdiff_t>(offset), out.size(), out.begin());
    return Status::Ok();
  }

 private:
  const std::string name_ = "cold/object";
  const Bytes bytes_;
};

}  // namespace luma::sql
