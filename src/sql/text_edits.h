// Changes to a text that remember where things were, so that an error in the changed text can be
// shown in the text the client sent.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace luma::sql {

// Thread-compatible.
class TextEdits {
 public:
  explicit TextEdits(std::string_view original) : original_(original) {}

  // Edits come in any order. One that overlaps an earlier one is dropped.
  void Replace(size_t offset, size_t length, std::string replacement) {
    const auto next = std::ranges::lower_bound(edits_, offset, {}, &Edit::offset);
    if (next != edits_.end() && next->offset < offset + length) return;
    if (next != edits_.begin() && std::prev(next)->offset + std::prev(next)->length > offset) {
      return;
    }
    edits_.insert(next, {offset, length, std::move(replacement)});
  }
  void Insert(size_t offset, std::string text) { Replace(offset, 0, std::move(text)); }
  bool empty() const { return edits_.empty(); }

  std::string Apply() const {
    std::string result;
    size_t at = 0;
    for (const Edit& edit : edits_) {
      result.append(original_.substr(at, edit.offset - at)).append(edit.replacement);
      at = edit.offset + edit.length;
    }
    return result.append(original_.substr(at));
  }

  // Where byte `offset` of the changed text lay in the original; the start of the edit for bytes
  // that an edit brought in.
  size_t OriginalOffset(size_t offset) const {
    size_t changed = 0;
    size_t original = 0;
    for (const Edit& edit : edits_) {
      const size_t kept = edit.offset - original;
      if (offset < changed + kept) break;
      changed += kept;
      original = edit.offset;
      if (offset < changed + edit.replacement.size()) return original;
      changed += edit.replacement.size();
      original += edit.length;
    }
    return original + (offset - changed);
  }

 private:
  struct Edit {
    size_t offset;
    size_t length;
    std::string replacement;
  };

  std::string_view original_;
  std::vector<Edit> edits_;
};

}  // namespace luma::sql
