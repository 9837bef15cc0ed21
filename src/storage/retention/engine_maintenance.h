// The engine's Maintenance: its parts, and the thread that does what is due every minute.
#pragma once

#include <functional>
#include <optional>

#include "base/mutex.h"
#include "io/file_system.h"
#include "storage/background_thread.h"
#include "storage/compaction/compactor.h"
#include "storage/flusher.h"
#include "storage/maintenance.h"
#include "storage/retention/table_expiry.h"
#include "storage/state_store.h"

namespace luma::storage {

// Threads: as Maintenance; Start once. Lifetime: references must outlive it, or Stop.
class EngineMaintenance final : public Maintenance {
 public:
  // `clock_file` as in docs/formats/expiry_clock.md.
  EngineMaintenance(io::FileSystem& fs, io::Path clock_file, ExpiryClock& clock,
                    const StateStore& states, TableExpiry& expiry, Flusher& flusher,
                    Compactor& compactor)
      : fs_(fs),
        clock_file_(std::move(clock_file)),
        clock_(clock),
        states_(states),
        expiry_(expiry),
        flusher_(flusher),
        compactor_(compactor) {}

  void Start();
  void Stop() { thread_.Stop(); }

  ExpiryClock& expiry_clock() override { return clock_; }
  void SetDefaultRetention(std::chrono::seconds retention) override {
    expiry_.SetDefaultRetention(retention);
  }
  Result<ExpiryCounts> Expire() override LUMA_EXCLUDES(mutex_);
  ExpiryCounts expired() const override { return expiry_.dropped(); }
  uint64_t rows_lost(ObjectId table) const override {
    return states_.Published()->Table(table).rows_deleted() + expiry_.rows_expired(table);
  }
  DownsamplingReports& downsampling() override { return downsampling_; }
  Status CleanDeleted() override;

 private:
  static constexpr int kNiceness = 10;  // what has expired can wait

  Status SaveClock() LUMA_REQUIRES(mutex_);

  io::FileSystem& fs_;
  const io::Path clock_file_;
  ExpiryClock& clock_;
  const StateStore& states_;
  TableExpiry& expiry_;
  Flusher& flusher_;
  Compactor& compactor_;
  DownsamplingReports downsampling_;
  Mutex mutex_;  // taken before those of the flusher
  std::optional<UnixMillis> saved_ LUMA_GUARDED_BY(mutex_);
  BackgroundThread thread_{"retention", kNiceness};
};

}  // namespace luma::storage
