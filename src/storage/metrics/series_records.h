// What the registry keeps for each series, found by its id.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "base/hash.h"
#include "model/sample.h"

namespace luma::storage {

// Newest timestamp of a series that has no samples.
inline constexpr UnixMillis kNoSample = std::numeric_limits<UnixMillis>::min();

struct SeriesRecord {
  Hash128 hash;
  const char* pairs = nullptr;  // varint count, then that many varint PairIds; null: no series
  std::atomic<UnixMillis> newest = kNoSample;
};
static_assert(sizeof(SeriesRecord) == 32);

// Ids are handed out once, so after a long life most belong to series that are gone. Records lie in
// pages of 64 ids; a page without series is given back. What an id costs for ever is 1/8 byte.
// Threads: Add and Remove one at a time and alone; Find from any thread beside others. Records do
// not move.
class SeriesRecords {
 public:
  // Null when there is no series of this id.
  SeriesRecord* Find(uint64_t id) const {
    if (id / kPageRecords >= pages_.size() || pages_[id / kPageRecords] == nullptr) return nullptr;
    SeriesRecord& record = (*pages_[id / kPageRecords])[id % kPageRecords];
    return record.pairs == nullptr ? nullptr : &record;
  }
  // Of a series that is there.
  SeriesRecord& operator[](uint32_t id) const {
    return (*pages_[id / kPageRecords])[id % kPageRecords];
  }

  // The id has no series. It has one from when the caller sets `pairs`.
  SeriesRecord& Add(uint32_t id) {
    if (id / kPageRecords >= pages_.size()) pages_.resize(id / kPageRecords + 1);
    std::unique_ptr<Page>& page = pages_[id / kPageRecords];
    if (page == nullptr) {
      page = std::make_unique<Page>();
      ++page_count_;
    }
    return (*page)[id % kPageRecords];
  }
  // The series is there.
  void Remove(uint32_t id) {
    std::unique_ptr<Page>& page = pages_[id / kPageRecords];
    (*page)[id % kPageRecords].pairs = nullptr;
    const auto has_series = [](const SeriesRecord& record) { return record.pairs != nullptr; };
    if (std::ranges::any_of(*page, has_series)) return;
    page.reset();
    --page_count_;
  }

  size_t allocated_bytes() const {
    return page_count_ * sizeof(Page) + pages_.capacity() * sizeof(pages_[0]);
  }

 private:
  static constexpr uint32_t kPageRecords = 64;  // 2 KiB: all that one series that stays can hold
  using Page = std::array<SeriesRecord, kPageRecords>;

  std::vector<std::unique_ptr<Page>> pages_;  // by id / kPageRecords; null: no series
  size_t page_count_ = 0;
};

}  // namespace luma::storage
