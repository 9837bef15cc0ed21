#include "storage/cold/object_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/crc32c.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/metrics.h"

namespace luma::storage {
namespace {

constexpr int kFetchTries = 3;  // of bytes that arrive, but not as they were put

Counter& Count(std::string_view name, std::string_view help) {
  return MetricsRegistry::Default().AddCounter(name, help);
}

struct CacheMetrics {
  Counter& hits = Count("luma_cold_cache_hits_total", "Reads of cold pieces served from disk.");
  Counter& misses =
      Count("luma_cold_cache_misses_total", "Reads of cold pieces that were fetched.");
  Counter& fetched_bytes =
      Count("luma_cold_cache_fetched_bytes_total", "Bytes fetched from the cold store.");
  Counter& fetch_errors =
      Count("luma_cold_cache_fetch_errors_total", "Fetches that failed or brought wrong bytes.");
  Counter& damaged =
      Count("luma_cold_cache_damaged_total", "Kept pieces with wrong bytes, fetched again.");
};

CacheMetrics& Metrics() {
  static CacheMetrics metrics;
  return metrics;
}

uint64_t ChecksumCount(uint64_t size_bytes) {
  return (size_bytes + kCacheCheckedBytes - 1) / kCacheCheckedBytes;
}

// `bytes` begin at `offset` of the object, where a checksum begins, and end where one ends.
bool IsRight(const CachedObject& object, uint64_t offset, ByteSpan bytes) {
  for (size_t index = offset / kCacheCheckedBytes; !bytes.empty(); ++index) {
    const size_t length = std::min<size_t>(bytes.size(), kCacheCheckedBytes);
    if (Crc32c(bytes.first(length)) != object.crc32c[index]) return false;
    bytes = bytes.subspan(length);
  }
  return true;
}

Status WrongBytes(const CachedObject& object, uint64_t offset) {
  return Status::Corruption("object has other bytes than were put: key=", object.key,
                            " offset=", offset);
}

Status AsColdError(const CachedObject& object, const Status& status) {
  const std::string context = "cold object " + object.key;
  switch (status.code()) {
    case StatusCode::kOutOfRange:
    case StatusCode::kCorruption:
      return Status::Corruption(status.message()).WithContext(context);
    case StatusCode::kNotFound:
    case StatusCode::kCancelled:
      return status.WithContext(context);
    default:
      return Status::Unavailable(status.message()).WithContext(context);
  }
}

}  // namespace

std::vector<uint32_t> ChecksumsOf(ByteSpan bytes) {
  std::vector<uint32_t> checksums;
  for (size_t offset = 0; offset < bytes.size(); offset += kCacheCheckedBytes) {
    const size_t length = std::min<size_t>(bytes.size() - offset, kCacheCheckedBytes);
    checksums.push_back(Crc32c(bytes.subspan(offset, length)));
  }
  return checksums;
}

class ObjectCache::ObjectBytes final : public ColdBytes {
 public:
  ObjectBytes(std::shared_ptr<ObjectCache> cache, CachedObject object)
      : cache_(std::move(cache)), object_(std::move(object)) {}

  const std::string& name() const override { return object_.key; }
  uint64_t size_bytes() const override { return object_.size_bytes; }
  Status Read(uint64_t offset, std::span<std::byte> out) const override;

 private:
  const std::shared_ptr<ObjectCache> cache_;
  const CachedObject object_;
};

Status ObjectCache::ObjectBytes::Read(uint64_t offset, std::span<std::byte> out) const {
  LUMA_RETURN_IF_ERROR(io::CheckObjectRange(object_.key, offset, out.size(), object_.size_bytes));
  while (!out.empty()) {
    const PieceId id{object_, static_cast<uint32_t>(offset / kCachePieceBytes)};
    const uint64_t within = offset - id.begin();
    const size_t length = std::min<uint64_t>(out.size(), id.length() - within);
    LUMA_RETURN_IF_ERROR(cache_->ReadPiece(id, within, out.first(length)));
    out = out.subspan(length);
    offset += length;
  }
  return Status::Ok();
}

uint64_t ObjectCache::PieceId::length() const {
  return std::min<uint64_t>(kCachePieceBytes, object.size_bytes - begin());
}

std::string ObjectCache::PieceId::FileName() const {
  const Hash128 hash = HashBytes128(AsBytes(object.key));
  return fmt::format("{:016x}{:016x}-{}-{}", hash.high, hash.low, object.size_bytes, index);
}

Result<std::shared_ptr<ObjectCache>> ObjectCache::Open(io::FileSystem& fs, io::Path directory,
                                                       uint64_t bytes_max,
                                                       std::shared_ptr<io::ObjectStore> store,
                                                       MemoryBudget& budget, const Clock& clock) {
  LUMA_ASSIGN_OR_RETURN(auto files, PieceFiles::Open(fs, std::move(directory), bytes_max));
  return std::shared_ptr<ObjectCache>(
      new ObjectCache(std::move(files), std::move(store), budget, clock));
}

std::shared_ptr<const ColdBytes> ObjectCache::Object(CachedObject object) {
  LUMA_CHECK(object.crc32c.size() == ChecksumCount(object.size_bytes));
  return std::make_shared<ObjectBytes>(shared_from_this(), std::move(object));
}

Status ObjectCache::ReadPiece(const PieceId& id, uint64_t offset, std::span<std::byte> out) {
  LUMA_ASSIGN_OR_RETURN(const bool is_kept, ReadKept(id, offset, out));
  if (is_kept) {
    Metrics().hits.Add();
    return Status::Ok();
  }
  LUMA_ASSIGN_OR_RETURN(const PiecePtr piece, FetchOnce(id));
  std::ranges::copy(ByteSpan(piece->bytes).subspan(offset, out.size()), out.begin());
  return Status::Ok();
}

Result<bool> ObjectCache::ReadKept(const PieceId& id, uint64_t offset, std::span<std::byte> out) {
  const uint64_t begin = offset / kCacheCheckedBytes * kCacheCheckedBytes;
  const uint64_t end =
      std::min(ChecksumCount(offset + out.size()) * kCacheCheckedBytes, id.length());
  LUMA_ASSIGN_OR_RETURN(const BudgetLease lease, budget_.Book(BudgetUse::kQuery, end - begin));
  Bytes checked(end - begin);
  const std::string file_name = id.FileName();
  if (!files_->Read(file_name, begin, checked)) return false;
  if (!IsRight(id.object, id.begin() + begin, checked)) {
    LUMA_LOG(kWarn, "storage", "damaged piece in the cold cache: key={} offset={}", id.object.key,
             id.begin());
    Metrics().damaged.Add();
    files_->Drop(file_name);
    return false;
  }
  std::ranges::copy(ByteSpan(checked).subspan(offset - begin, out.size()), out.begin());
  return true;
}

// The first reader of a piece loads it; those who come meanwhile wait for its result.
Result<ObjectCache::PiecePtr> ObjectCache::FetchOnce(const PieceId& id) {
  const std::string name = id.FileName();
  auto flight = std::make_shared<Flight>();
  {
    MutexLock lock(mutex_);
    const auto [found, is_first] = flights_.try_emplace(name, flight);
    if (!is_first) {
      flight = found->second;
      while (!flight->result) landed_.Wait(mutex_);
      return *flight->result;
    }
  }
  Result<PiecePtr> result = Load(id);
  MutexLock lock(mutex_);
  flight->result = result;
  flights_.erase(name);
  landed_.NotifyAll();
  return result;
}

Result<ObjectCache::PiecePtr> ObjectCache::Load(const PieceId& id) {
  auto piece = std::make_shared<Piece>();
  LUMA_ASSIGN_OR_RETURN(piece->lease, budget_.Book(BudgetUse::kQuery, id.length()));
  piece->bytes.resize(id.length());
  // Another reader may have kept it between our miss and our flight.
  LUMA_ASSIGN_OR_RETURN(const bool is_kept, ReadKept(id, 0, piece->bytes));
  if (is_kept) return PiecePtr(std::move(piece));
  Metrics().misses.Add();
  Status status;
  for (int tries = 0; tries < kFetchTries; ++tries) {
    status = Fetch(id, piece->bytes);
    if (status.ok()) break;
    Metrics().fetch_errors.Add();
    if (status.code() != StatusCode::kCorruption) break;  // the store itself has tried long enough
  }
  if (!status.ok()) return AsColdError(id.object, status);
  files_->Keep(id.FileName(), piece->bytes);
  return PiecePtr(std::move(piece));
}

Result<Bytes> ObjectCache::GetRange(const std::string& key, uint64_t offset, uint64_t length) {
  LUMA_ASSIGN_OR_RETURN(const StoreBreaker::Call call, breaker_.Begin());
  Result<Bytes> bytes = store_->GetRange(key, offset, length);
  breaker_.End(call, bytes.status().code());
  return bytes;
}

Status ObjectCache::Fetch(const PieceId& id, std::span<std::byte> out) {
  LUMA_ASSIGN_OR_RETURN(const Bytes fetched, GetRange(id.object.key, id.begin(), out.size()));
  Metrics().fetched_bytes.Add(fetched.size());
  if (fetched.size() != out.size() || !IsRight(id.object, id.begin(), fetched)) {
    return WrongBytes(id.object, id.begin());
  }
  std::ranges::copy(fetched, out.begin());
  return Status::Ok();
}

}  // namespace luma::storage
