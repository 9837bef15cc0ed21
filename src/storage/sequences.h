// The counters behind sequences. They are outside of transactions, as in PostgreSQL: a number is
// never handed out twice, and may be skipped.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/catalog.h"
#include "storage/manifest/manifest_state.h"

namespace luma::storage {

// A counter is logged 32 numbers ahead, so that one number in 32 costs a log record; a crash skips
// what was logged and not handed out. The record need not be synced by itself: the log is synced in
// order, so it is there when a commit that used the numbers is.
// Threads: every method from any thread.
class Sequences {
 public:
  using Record = std::pair<ObjectId, SequenceRecord>;
  // Appends a record to the log without waiting for it.
  using Log = std::function<Status(std::span<const Record>)>;

  // Before any other use.
  void Restore(ObjectId id, const SequenceRecord& record) LUMA_EXCLUDES(mutex_);

  // Errors: kOutOfRange (SQLSTATE 2200H) at the end of a sequence that does not cycle; those of
  // `log`.
  Result<int64_t> Next(ObjectId id, const SequenceOptions& options, const Log& log)
      LUMA_EXCLUDES(mutex_);
  // The last number Next gave out. Errors: kInvalidArgument (SQLSTATE 55000) if it never did.
  Result<int64_t> Current(ObjectId id) const LUMA_EXCLUDES(mutex_);
  // The next number is `value`, or the one after if it `is_called`. Errors: kOutOfRange.
  Status Set(ObjectId id, const SequenceOptions& options, int64_t value, bool is_called,
             const Log& log) LUMA_EXCLUDES(mutex_);
  void Drop(ObjectId id) LUMA_EXCLUDES(mutex_);

  // As the log has them, or later.
  std::vector<Record> Logged() const LUMA_EXCLUDES(mutex_);
  // Logs the exact positions, so that a clean stop skips nothing.
  Status LogExact(const Log& log) LUMA_EXCLUDES(mutex_);

 private:
  struct Counter {
    SequenceRecord position = {};
    SequenceRecord logged = {};
    int ahead = 0;          // numbers left until `logged`, if the increment
    int64_t increment = 0;  // is still this one
    std::optional<int64_t> last = std::nullopt;  // handed out by this process
  };

  mutable Mutex mutex_;  // taken before the sequencer's, never after
  std::map<ObjectId, Counter> counters_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::storage
