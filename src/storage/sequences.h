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
// what was logged and not handed out. Nobody waits for the record here: who commits after using a
// number waits for `logged_at`, also when another transaction logged it. A commit record of his own
// comes later in the log and covers it.
// Threads: every method from any thread.
class Sequences {
 public:
  using Record = std::pair<ObjectId, SequenceRecord>;
  // Appends a record to the log without waiting for it; returns its number.
  using Log = std::function<Result<Lsn>(std::span<const Record>)>;
  // What Next gives out: durable once the log is up to `logged_at`.
  struct Number {
    int64_t value = 0;
    Lsn logged_at = kNoLsn;
  };

  // Before any other use.
  void Restore(ObjectId id, const SequenceRecord& record) LUMA_EXCLUDES(mutex_);

  // Errors: kOutOfRange (SQLSTATE 2200H) at the end of a sequence that does not cycle; those of
  // `log`.
  Result<Number> Next(ObjectId id, const SequenceOptions& options, const Log& log)
      LUMA_EXCLUDES(mutex_);
  // The last number Next gave out. Errors: kInvalidArgument (SQLSTATE 55000) if it never did.
  Result<int64_t> Current(ObjectId id) const LUMA_EXCLUDES(mutex_);
  // The next number is `value`, or the one after if it `is_called`; durable once the log is up to
  // the result. Errors: kOutOfRange; those of `log`.
  Result<Lsn> Set(ObjectId id, const SequenceOptions& options, int64_t value, bool is_called,
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
    Lsn logged_at = kNoLsn;  // none: in the log or manifest since before the start
    int ahead = 0;           // numbers left until `logged`, if the increment
    int64_t increment = 0;   // is still this one
    std::optional<int64_t> last = std::nullopt;  // handed out by this process
  };

  mutable Mutex mutex_;  // taken before the sequencer's, never after
  std::map<ObjectId, Counter> counters_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::storage
