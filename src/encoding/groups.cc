#include "encoding/groups.h"

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "encoding/aligned_buffer.h"

namespace luma::encoding {
namespace {

// A group costs about five bytes: its own header, its length, its size and its number.
constexpr size_t kGroupRowsMin = 24;  // on average

// Blocks in a group are parts of this one.
constexpr int kGroupDepth = 1;

ColumnSpan Slice(const ColumnSpan& column, size_t first_row, uint32_t count) {
  return {column.type, count, column.values + first_row * ValueBytes(column.type), nullptr};
}

ColumnSpan ColumnOf(std::span<const uint32_t> words) {
  return {PhysicalType::kUInt32, static_cast<uint32_t>(words.size()),
          reinterpret_cast<const std::byte*>(words.data()), nullptr};
}

ByteSpan RawValues(const ColumnSpan& column) {
  return {column.values, size_t{column.count} * ValueBytes(column.type)};
}

// The distinct groups of a column, encoded in the order of their first appearance.
class GroupBlocks {
 public:
  void Add(const ColumnSpan& group) {
    const ByteSpan values = RawValues(group);
    const auto code = static_cast<uint32_t>(sizes_.size());
    const auto [entry, is_new] = code_of_.try_emplace(Hash64(values), code);
    if (!is_new && std::ranges::equal(values, values_[entry->second])) {
      codes_.push_back(entry->second);
      return;
    }
    const size_t begin = bytes_.size();
    AppendInnerBlock(group, EncodeEffort::kCompact, kGroupDepth, bytes_);
    codes_.push_back(code);
    sizes_.push_back(static_cast<uint32_t>(bytes_.size() - begin));
    values_.push_back(values);
  }
  std::span<const uint32_t> codes() const { return codes_; }  // of each group
  std::span<const uint32_t> sizes() const { return sizes_; }  // of each distinct block
  ByteSpan bytes() const { return bytes_; }                   // of the distinct blocks

 private:
  boost::unordered_flat_map<uint64_t, uint32_t> code_of_;  // by hash of the values
  std::vector<ByteSpan> values_;                           // of each distinct group
  std::vector<uint32_t> codes_;
  std::vector<uint32_t> sizes_;
  Bytes bytes_;
};

void AppendSizedWords(std::span<const uint32_t> words, Bytes& out) {
  Bytes block;
  AppendInnerBlock(ColumnOf(words), EncodeEffort::kCompact, kGroupDepth, block);
  ByteWriter writer(out);
  writer.Varint(block.size());
  writer.Raw(block);
}

bool ReadSizedWords(ByteReader& reader, DecodeScope scope, std::vector<uint32_t>& words) {
  const ByteSpan block = reader.Raw(reader.Varint());
  AlignedBuffer no_heap;
  return reader.ok() &&
         DecodeInnerBlock(PhysicalType::kUInt32, static_cast<uint32_t>(words.size()), block, scope,
                          reinterpret_cast<std::byte*>(words.data()), no_heap);
}

struct Directory {
  std::vector<uint32_t> rows;   // of each group
  std::vector<uint32_t> codes;  // of each group
  std::vector<uint32_t> sizes;  // of each distinct block
};

// Every group has a row, so neither count exceeds `count`.
bool ReadDirectory(ByteReader& reader, uint32_t count, DecodeScope scope, Directory& directory) {
  const uint64_t groups = reader.Varint();
  const uint64_t blocks = reader.Varint();
  if (!reader.ok() || groups > count || blocks > groups) return false;
  directory.rows.resize(groups);
  directory.codes.resize(groups);
  directory.sizes.resize(blocks);
  return ReadSizedWords(reader, scope, directory.rows) &&
         ReadSizedWords(reader, scope, directory.codes) &&
         ReadSizedWords(reader, scope, directory.sizes);
}

// Where a distinct block was decoded for the first time.
struct Decoded {
  uint64_t first_row = 0;
  uint32_t rows = 0;  // 0: not yet
};

}  // namespace

bool WorthGrouping(std::span<const uint32_t> group_rows) {
  if (group_rows.size() < 2) return false;
  uint64_t rows = 0;
  for (const uint32_t of_group : group_rows) rows += of_group;
  return rows >= kGroupRowsMin * group_rows.size();
}

void EncodeGroups(const ColumnSpan& column, std::span<const uint32_t> group_rows, Bytes& out) {
  GroupBlocks blocks;
  size_t row = 0;
  for (const uint32_t rows : group_rows) {
    blocks.Add(Slice(column, row, rows));
    row += rows;
  }
  ByteWriter(out).Varint(group_rows.size());
  ByteWriter(out).Varint(blocks.sizes().size());
  AppendSizedWords(group_rows, out);
  AppendSizedWords(blocks.codes(), out);
  AppendSizedWords(blocks.sizes(), out);
  ByteWriter(out).Raw(blocks.bytes());
}

bool DecodeGroups(PhysicalType type, uint32_t count, ByteSpan payload, DecodeScope of_groups,
                  std::byte* out) {
  ByteReader reader(payload);
  Directory directory;
  if (!ReadDirectory(reader, count, of_groups, directory)) return false;
  std::vector<ByteSpan> blocks;
  blocks.reserve(directory.sizes.size());
  for (const uint32_t size : directory.sizes) blocks.push_back(reader.Raw(size));
  if (!reader.ok() || reader.remaining() != 0) return false;

  const size_t value_bytes = ValueBytes(type);
  std::vector<Decoded> decoded(blocks.size());
  AlignedBuffer no_heap;
  uint64_t row = 0;
  for (size_t group = 0; group < directory.rows.size(); ++group) {
    const uint32_t rows = directory.rows[group];
    const uint32_t code = directory.codes[group];
    if (rows == 0 || rows > count - row || code >= blocks.size()) return false;
    Decoded& first = decoded[code];
    std::byte* const to = out + row * value_bytes;
    if (first.rows == 0) {
      if (!DecodeInnerBlock(type, rows, blocks[code], of_groups, to, no_heap)) return false;
      first = {row, rows};
    } else {
      if (first.rows != rows) return false;
      std::memcpy(to, out + first.first_row * value_bytes, rows * value_bytes);
    }
    row += rows;
  }
  return row == count;
}

}  // namespace luma::encoding
