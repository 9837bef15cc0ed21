#include "encoding/fsst_choice.h"

#include <vector>

#include "base/check.h"
#include "encoding/fsst.h"
#include "encoding/fsst_training.h"
#include "encoding/strings.h"

namespace luma::encoding {
namespace {

// Below this the symbols, some hundred bytes, eat what could be won.
constexpr size_t kStringBytesMin = 1024;

size_t TotalBytes(std::span<const StringRef> strings) {
  size_t total = 0;
  for (const StringRef& text : strings) total += text.size();
  return total;
}

size_t TotalBytes(std::span<const std::string_view> pieces) {
  size_t total = 0;
  for (const std::string_view piece : pieces) total += piece.size();
  return total;
}

// The strings as FSST where that and `other_bytes` beside them look like taking at most
// `bytes_max`. The symbols are fitted to the sample, so the truth is rarely better.
std::optional<Bytes> EncodeIfSmall(std::span<const StringRef> strings, size_t other_bytes,
                                   size_t bytes_max) {
  const size_t total = TotalBytes(strings);
  if (total < kStringBytesMin) return std::nullopt;
  const std::vector<std::string_view> pieces = SampleStrings(strings);
  const size_t sample = TotalBytes(pieces);
  if (sample == 0) return std::nullopt;
  const SymbolTable table = TrainSymbols(pieces);
  const double share =
      static_cast<double>(FsstCodeBytes(table, pieces)) / static_cast<double>(sample);
  if (static_cast<double>(other_bytes) + share * static_cast<double>(total) >
      static_cast<double>(bytes_max)) {
    return std::nullopt;
  }
  Bytes encoded;
  EncodeFsst(strings, table, encoded);
  if (other_bytes + encoded.size() > bytes_max) return std::nullopt;
  return encoded;
}

// What the payload of a dictionary consists of.
struct DictionaryParts {
  std::vector<StringRef> entries;
  AlignedBuffer heap;
  ByteSpan codes;
};

DictionaryParts SplitDictionary(ByteSpan payload) {
  DictionaryParts parts;
  ByteReader reader(payload);
  parts.entries.resize(reader.Varint());
  ByteReader strings(reader.Raw(reader.Varint()));
  parts.codes = reader.Raw(reader.remaining());
  LUMA_CHECK(DecodeStrings(strings, parts.entries, parts.heap) && reader.ok());
  return parts;
}

std::optional<FsstPayload> TryFsstDictionary(ByteSpan payload, size_t bytes_max) {
  const DictionaryParts parts = SplitDictionary(payload);
  const auto strings = EncodeIfSmall(parts.entries, parts.codes.size(), bytes_max);
  if (!strings) return std::nullopt;
  FsstPayload result{CodecId::kFsstDictionary, {}};
  ByteWriter writer(result.bytes);
  writer.Varint(parts.entries.size());
  writer.Varint(strings->size());
  writer.Raw(*strings);
  writer.Raw(parts.codes);
  return result;
}

}  // namespace

std::optional<FsstPayload> TryFsst(CodecId codec, const ColumnSpan& column, ByteSpan payload,
                                   size_t bytes_max) {
  if (codec == CodecId::kDictionary) return TryFsstDictionary(payload, bytes_max);
  if (codec != CodecId::kPlain) return std::nullopt;
  auto strings = EncodeIfSmall({column.As<StringRef>(), column.count}, 0, bytes_max);
  if (!strings) return std::nullopt;
  return FsstPayload{CodecId::kFsst, *std::move(strings)};
}

}  // namespace luma::encoding
