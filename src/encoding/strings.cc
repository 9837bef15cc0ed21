#include "encoding/strings.h"

#include <vector>

#include "encoding/for_bit_pack.h"

namespace luma::encoding {
namespace {

// The sum of the lengths; UINT64_MAX if one is longer than a StringRef can be.
uint64_t TotalLength(std::span<const uint64_t> lengths) {
  uint64_t total = 0;
  for (const uint64_t length : lengths) {
    if (length > UINT32_MAX) return UINT64_MAX;
    total += length;  // at most 2^32 lengths below 2^32: no overflow
  }
  return total;
}

}  // namespace

void EncodeStrings(std::span<const StringRef> strings, Patching patching, Bytes& out) {
  std::vector<uint64_t> lengths(strings.size());
  size_t total = 0;
  for (size_t i = 0; i < strings.size(); ++i) total += lengths[i] = strings[i].size();
  EncodeForBitPack(lengths, patching, out);
  size_t at = out.size();
  out.resize(at + total);
  for (const StringRef& text : strings) {
    if (text.size() > 0) std::memcpy(out.data() + at, text.data(), text.size());
    at += text.size();
  }
}

bool DecodeStrings(ByteReader& reader, std::span<StringRef> out, AlignedBuffer& heap) {
  AlignedBuffer lengths_buffer(out.size() * sizeof(uint64_t));
  const std::span<uint64_t> lengths(lengths_buffer.As<uint64_t>(), out.size());
  if (!DecodeForBitPack(reader, lengths) || !reader.ok()) return false;
  if (TotalLength(lengths) != reader.remaining()) return false;
  const ByteSpan bytes = reader.Raw(reader.remaining());
  heap = AlignedBuffer(bytes.size());
  if (!bytes.empty()) std::memcpy(heap.data(), bytes.data(), bytes.size());
  const char* at = heap.As<char>();
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = StringRef(at, static_cast<uint32_t>(lengths[i]));
    at += lengths[i];
  }
  return true;
}

}  // namespace luma::encoding
