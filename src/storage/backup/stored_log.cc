#include "storage/backup/stored_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "storage/backup/verified_put.h"

namespace luma::storage {
namespace {

// Small enough for memory and for one request, large enough that requests do not cost much.
constexpr uint64_t kChunkBytes = 8ull << 20;

// A chunk that is there already was uploaded by an attempt that did not get to tell.
Status PutChunk(io::ObjectStore& store, const std::string& key, ByteSpan object) {
  const Status put = PutNewVerified(store, key, object);
  if (put.code() != StatusCode::kAlreadyExists) return put;
  LUMA_ASSIGN_OR_RETURN(const Bytes there, store.Get(key));
  if (std::ranges::equal(there, object)) return Status::Ok();
  return Status::Corruption(
      "destination has other records of these numbers; has the data directory been copied? key=",
      key);
}

}  // namespace

Result<StoredLog> StoredLog::Open(io::ObjectStore& store, const DatabaseUuid& uuid) {
  LUMA_ASSIGN_OR_RETURN(const auto objects, store.List(LogPrefix(uuid)));
  StoredLog log(store, uuid);
  LogChunkKey furthest;
  for (const io::ObjectInfo& object : objects) {  // sorted, hence by first record
    const auto chunk = ParseLogChunkKey(uuid, object.key);
    if (!chunk) continue;
    if (chunk->last > furthest.last) furthest = *chunk;
    log.furthest_[chunk->first] = furthest;
  }
  return log;
}

const LogChunkKey* StoredLog::ChunkWith(Lsn lsn) const {
  const auto after = furthest_.upper_bound(lsn);
  if (after == furthest_.begin()) return nullptr;
  const LogChunkKey& furthest = std::prev(after)->second;
  return furthest.last >= lsn ? &furthest : nullptr;
}

Lsn StoredLog::LastFrom(Lsn from) const {
  Lsn last = Previous(from);
  while (const LogChunkKey* const chunk = ChunkWith(Next(last))) last = chunk->last;
  return last;
}

Lsn StoredLog::last() const { return furthest_.empty() ? kNoLsn : furthest_.rbegin()->second.last; }

Result<Lsn> StoredLog::Read(Lsn from, const OnRecord& on_record) const {
  Lsn last = Previous(from);
  while (const LogChunkKey* const chunk = ChunkWith(Next(last))) {
    const std::string path = LogChunkPath(uuid_, *chunk);
    LUMA_ASSIGN_OR_RETURN(const Bytes object, store_->Get(path));
    LUMA_ASSIGN_OR_RETURN(const auto records, DecodeLogChunk(object, uuid_, *chunk, path));
    while (last < chunk->last) {
      const ByteSpan payload = records[ToNumber(Next(last)) - ToNumber(chunk->first)];
      LUMA_ASSIGN_OR_RETURN(const bool is_wanted, on_record(Next(last), payload));
      if (!is_wanted) return last;
      last = Next(last);
    }
  }
  return last;
}

Status UploadLog(BackupSource& source, io::ObjectStore& store, const DatabaseUuid& uuid, Lsn from,
                 Lsn through, const std::function<Status(uint64_t bytes, Lsn last)>& on_chunk) {
  LogChunkBuilder builder;
  const auto upload = [&] {
    const LogChunkKey key = builder.key();
    const Bytes object = builder.Take(uuid);
    LUMA_RETURN_IF_ERROR(PutChunk(store, LogChunkPath(uuid, key), object));
    return on_chunk(object.size(), key.last);
  };
  LUMA_RETURN_IF_ERROR(source.ReadLog(from, through, [&](Lsn lsn, ByteSpan payload) {
    builder.Add(lsn, payload);
    return builder.bytes() >= kChunkBytes || lsn == through ? upload() : Status::Ok();
  }));
  return Status::Ok();
}

}  // namespace luma::storage
