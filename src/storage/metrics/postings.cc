#include "storage/metrics/postings.h"

#include <algorithm>

namespace luma::storage {

void Postings::Add(uint32_t id) {
  if (auto* const many = std::get_if<Many>(&ids_)) {
    (*many)->add(id);
    return;
  }
  if (std::holds_alternative<std::monostate>(ids_)) {
    ids_ = id;
    return;
  }
  if (const auto* const one = std::get_if<uint32_t>(&ids_)) {
    if (*one == id) return;
    ids_ = Few{*one};
  }
  Few& few = std::get<Few>(ids_);
  const auto at = std::lower_bound(few.begin(), few.end(), id);
  if (at != few.end() && *at == id) return;
  few.insert(at, id);
  if (few.size() > kFewMax) {
    ids_ = std::make_unique<SeriesBitmap>(few.size(), few.data());
  }
}

uint64_t Postings::size() const {
  if (const auto* const many = std::get_if<Many>(&ids_)) return (*many)->cardinality();
  if (const auto* const few = std::get_if<Few>(&ids_)) return few->size();
  return std::holds_alternative<uint32_t>(ids_) ? 1 : 0;
}

bool Postings::Intersects(const SeriesBitmap& ids) const {
  if (const auto* const many = std::get_if<Many>(&ids_)) return (*many)->intersect(ids);
  if (const auto* const few = std::get_if<Few>(&ids_)) {
    return std::any_of(few->begin(), few->end(), [&](uint32_t id) { return ids.contains(id); });
  }
  const auto* const one = std::get_if<uint32_t>(&ids_);
  return one != nullptr && ids.contains(*one);
}

void Postings::AddTo(SeriesBitmap& ids) const {
  if (const auto* const many = std::get_if<Many>(&ids_)) {
    ids |= **many;
  } else if (const auto* const few = std::get_if<Few>(&ids_)) {
    ids.addMany(few->size(), few->data());
  } else if (const auto* const one = std::get_if<uint32_t>(&ids_)) {
    ids.add(*one);
  }
}

size_t Postings::allocated_bytes() const {
  if (const auto* const many = std::get_if<Many>(&ids_)) {
    return sizeof(SeriesBitmap) + (*many)->getSizeInBytes();
  }
  if (const auto* const few = std::get_if<Few>(&ids_)) return few->capacity() * sizeof(uint32_t);
  return 0;
}

}  // namespace luma::storage
