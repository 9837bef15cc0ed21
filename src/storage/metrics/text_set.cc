#include "storage/metrics/text_set.h"

#include <algorithm>
#include <utility>

namespace luma::storage {
namespace {

constexpr uint64_t kBookedAtOnce = 64 << 10;

// A node and its bucket; later a place in the list. A long text lies in a block of its own.
uint64_t BytesOf(std::string_view text) {
  constexpr uint64_t kNode = sizeof(std::string) + 4 * sizeof(void*);
  return kNode + sizeof(std::string) + text.size();
}

}  // namespace

Status TextSet::Add(std::string_view text) {
  if (Contains(text)) return Status::Ok();
  used_bytes_ += BytesOf(text);
  if (memory_ != nullptr && used_bytes_ > booked_bytes_) {
    const uint64_t more = used_bytes_ - booked_bytes_ + kBookedAtOnce;
    LUMA_RETURN_IF_ERROR(memory_->Book(more));
    booked_bytes_ += more;
  }
  texts_.emplace(text);
  return Status::Ok();
}

std::vector<std::string> TextSet::Take() && {
  std::vector<std::string> texts;
  texts.reserve(texts_.size());
  while (!texts_.empty()) texts.push_back(std::move(texts_.extract(texts_.begin()).value()));
  std::ranges::sort(texts);
  return texts;
}

}  // namespace luma::storage
