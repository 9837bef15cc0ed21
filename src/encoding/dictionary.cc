#include "encoding/dictionary.h"

#include <bit>

#include "base/bytes.h"
#include "base/hash.h"

namespace luma::encoding {
namespace {

constexpr uint32_t kFree = UINT32_MAX;

// Open addressing over entry indexes, never more than half full; finds or adds in one probe run.
class EntryTable {
 public:
  explicit EntryTable(size_t entries_max)
      : slots_(std::bit_ceil(2 * entries_max + 2), kFree), mask_(slots_.size() - 1) {}

  uint32_t FindOrAdd(const StringRef& text, std::vector<StringRef>& entries) {
    for (size_t slot = Hash64(AsBytes(text.view())) & mask_;; slot = (slot + 1) & mask_) {
      uint32_t& entry = slots_[slot];
      if (entry == kFree) {
        entry = static_cast<uint32_t>(entries.size());
        entries.push_back(text);
        return entry;
      }
      if (entries[entry].view() == text.view()) return entry;
    }
  }

 private:
  std::vector<uint32_t> slots_;
  size_t mask_;
};

}  // namespace

std::optional<StringDictionary> BuildDictionary(std::span<const StringRef> strings,
                                                size_t entries_max) {
  StringDictionary dictionary;
  dictionary.codes.reserve(strings.size());
  EntryTable table(entries_max);
  for (const StringRef& text : strings) {
    dictionary.codes.push_back(table.FindOrAdd(text, dictionary.entries));
    if (dictionary.entries.size() > entries_max) return std::nullopt;
  }
  return dictionary;
}

}  // namespace luma::encoding
