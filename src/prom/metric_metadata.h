// What a metric is: its type, help and unit, as targets and senders tell it.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/budget.h"

namespace luma::prom {

struct MetricMetadata {
  std::string family;  // the metric, without _total, _bucket and the like
  std::string type = "unknown";
  std::string help;
  std::string unit;
  auto operator<=>(const MetricMetadata&) const = default;
};

using MetadataList = std::vector<MetricMetadata>;
using MetadataVisitor = std::function<void(const MetricMetadata&)>;

// The "# TYPE", "# HELP" and "# UNIT" lines of a page, one entry a family, in the order of the
// page. Lines that say nothing are skipped: whether the page is good is not asked here.
MetadataList ReadPageMetadata(std::string_view page);

// What that list takes at most while it is made.
size_t PageMetadataBytesMax(std::string_view page);

// As the types are numbered in the messages of both versions of remote write; those that are not
// known are "unknown".
std::string_view MetricTypeName(uint64_t type);

// One message MetricMetadata of remote write. Errors: kInvalidArgument.
Result<MetricMetadata> DecodeMetadata(std::string_view message);

// Gives targets with the same pages, as those of one job have, one list. Threads: any. Lifetime:
// the budget outlives it and the lists.
class PageMetadataCache {
 public:
  explicit PageMetadataCache(storage::MemoryBudget& budget) : budget_(budget) {}
  // Null when there is no memory for the list, which is booked.
  std::shared_ptr<const MetadataList> Of(std::string_view page) LUMA_EXCLUDES(mutex_);

 private:
  storage::MemoryBudget& budget_;
  Mutex mutex_;
  // By the hash of the lines; entries go when no target has the list any more.
  std::unordered_map<uint64_t, std::weak_ptr<const MetadataList>> lists_ LUMA_GUARDED_BY(mutex_);
};

// What senders of remote write told, the latest of each family. In memory only, as Prometheus keeps
// it: senders repeat it every minute. Threads: any.
class WrittenMetadata {
 public:
  static constexpr size_t kBytesMax = 16 << 20;

  // False when there is no more room for a new family.
  bool Add(MetricMetadata metadata) LUMA_EXCLUDES(mutex_);
  // Ordered by family. Senders wait meanwhile.
  void ForEach(const MetadataVisitor& visit) const LUMA_EXCLUDES(mutex_);
  MetadataList All() const LUMA_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::map<std::string, MetricMetadata, std::less<>> families_ LUMA_GUARDED_BY(mutex_);
  size_t bytes_ LUMA_GUARDED_BY(mutex_) = 0;
};

}  // namespace luma::prom
