// Mutex and condition variable with clang thread-safety annotations, so that -Wthread-safety checks
// the locking contracts that headers state.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>

#define LUMA_CAPABILITY(x) __attribute__((capability(x)))
#define LUMA_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#define LUMA_GUARDED_BY(x) __attribute__((guarded_by(x)))
#define LUMA_PT_GUARDED_BY(x) __attribute__((pt_guarded_by(x)))
#define LUMA_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define LUMA_REQUIRES_SHARED(...) __attribute__((requires_shared_capability(__VA_ARGS__)))
#define LUMA_EXCLUDES(...) __attribute__((locks_excluded(__VA_ARGS__)))
#define LUMA_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define LUMA_ACQUIRE_SHARED(...) __attribute__((acquire_shared_capability(__VA_ARGS__)))
#define LUMA_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))
#define LUMA_RELEASE_SHARED(...) __attribute__((release_shared_capability(__VA_ARGS__)))
#define LUMA_NO_THREAD_SAFETY_ANALYSIS __attribute__((no_thread_safety_analysis))

namespace luma {

class LUMA_CAPABILITY("mutex") Mutex {
 public:
  void Lock() LUMA_ACQUIRE() { mutex_.lock(); }
  void Unlock() LUMA_RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class LUMA_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) LUMA_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() LUMA_RELEASE() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class LUMA_CAPABILITY("shared_mutex") SharedMutex {
 public:
  void Lock() LUMA_ACQUIRE() { mutex_.lock(); }
  void Unlock() LUMA_RELEASE() { mutex_.unlock(); }
  void LockShared() LUMA_ACQUIRE_SHARED() { mutex_.lock_shared(); }
  void UnlockShared() LUMA_RELEASE_SHARED() { mutex_.unlock_shared(); }

 private:
  std::shared_mutex mutex_;
};

class LUMA_SCOPED_CAPABILITY WriterLock {
 public:
  explicit WriterLock(SharedMutex& mutex) LUMA_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~WriterLock() LUMA_RELEASE() { mutex_.Unlock(); }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  SharedMutex& mutex_;
};

class LUMA_SCOPED_CAPABILITY ReaderLock {
 public:
  explicit ReaderLock(SharedMutex& mutex) LUMA_ACQUIRE_SHARED(mutex) : mutex_(mutex) {
    mutex_.LockShared();
  }
  ~ReaderLock() LUMA_RELEASE() { mutex_.UnlockShared(); }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  SharedMutex& mutex_;
};

// Waits may wake without cause: call them in a loop that tests the condition.
class CondVar {
 public:
  void Wait(Mutex& mutex) LUMA_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // Returns false when the time ran out.
  bool WaitFor(Mutex& mutex, std::chrono::nanoseconds timeout) LUMA_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const std::cv_status status = condition_.wait_for(lock, timeout);
    lock.release();
    return status == std::cv_status::no_timeout;
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace luma
