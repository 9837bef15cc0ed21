// Finds the session that a cancel request means.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "base/mutex.h"
#include "session/session.h"

namespace luma::session {

struct CancelKey {
  int32_t process_id = 0;
  int32_t secret = 0;
};

// Threads: any.
class CancelRegistry {
 public:
  // Process ids start at 1 and are not given out twice while their session lives.
  // Errors: kInternal when the system gives no random numbers.
  Result<CancelKey> NewKey() LUMA_EXCLUDES(mutex_);
  void Add(const CancelKey& key, std::weak_ptr<Session> session) LUMA_EXCLUDES(mutex_);
  void Remove(const CancelKey& key) LUMA_EXCLUDES(mutex_);

  // Cancels what the session runs. A key that fits no session is ignored, as PostgreSQL does.
  void Cancel(const CancelKey& key) LUMA_EXCLUDES(mutex_);

 private:
  struct Entry {
    int32_t secret;
    std::weak_ptr<Session> session;
  };

  Mutex mutex_;  // not held while a session is cancelled
  int32_t last_process_id_ LUMA_GUARDED_BY(mutex_) = 0;
  std::unordered_map<int32_t, Entry> entries_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::session
