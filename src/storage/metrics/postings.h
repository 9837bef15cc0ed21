// The series that carry one label pair. Most pairs of a high-cardinality label have one series, so
// one needs no allocation; a few are a sorted vector, many a roaring bitmap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <roaring/roaring.hh>
#include <variant>
#include <vector>

namespace luma::storage {

using SeriesBitmap = ::Roaring;  // of the numbers of SeriesIds, which are below 2^32

// Thread-compatible.
class Postings {
 public:
  // An id that is in already stays: series that return may find theirs.
  void Add(uint32_t id);
  uint64_t size() const;
  bool Intersects(const SeriesBitmap& ids) const;
  void AddTo(SeriesBitmap& ids) const;
  size_t allocated_bytes() const;

 private:
  // A bitmap of this many scattered ids takes about as much memory as the vector.
  static constexpr size_t kFewMax = 64;

  using Few = std::vector<uint32_t>;  // ascending
  using Many = std::unique_ptr<SeriesBitmap>;
  std::variant<std::monostate, uint32_t, Few, Many> ids_;
};

}  // namespace luma::storage
