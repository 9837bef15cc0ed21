#include "promql/selected_rows.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/parallel_for.h"
#include "promql/histogram_rate.h"

namespace luma::promql {
namespace {

// Lets several threads book.
class SharedMemory final : public ResultMemory {
 public:
  explicit SharedMemory(ResultMemory& memory) : memory_(memory) {}
  Status Book(uint64_t bytes) override {
    MutexLock lock(mutex_);
    return memory_.Book(bytes);
  }

 private:
  Mutex mutex_;
  ResultMemory& memory_ LUMA_GUARDED_BY(mutex_);
};

// Samples of a part are gone when the next part comes, so what they need is booked once for the
// largest. Threads: one at a time.
class ReusedMemory final : public ResultMemory {
 public:
  explicit ReusedMemory(ResultMemory* memory) : memory_(memory) {}

  // What was booked is free for the next part.
  void Restart() { used_ = 0; }
  // What was booked stays in use.
  void Keep() { used_ = booked_ = 0; }
  Status Book(uint64_t bytes) override {
    const uint64_t used = used_ + bytes;
    if (memory_ != nullptr && used > booked_) {
      LUMA_RETURN_IF_ERROR(memory_->Book(used - booked_));
      booked_ = used;
    }
    used_ = used;
    return Status::Ok();
  }

 private:
  ResultMemory* const memory_;
  uint64_t used_ = 0;
  uint64_t booked_ = 0;
};

// Storage finds the resets. Prometheus knows of them only where a query asks for counts and sums
// alone; elsewhere a reset histogram has no hint, and adding it up with others is no conflict.
void ForgetFoundResets(SeriesSamples& series) {
  for (size_t i = 1; i < series.histograms.size(); ++i) {
    HistogramPtr& current = series.histograms[i];
    const HistogramPtr& before = series.histograms[i - 1];
    if (current == nullptr || before == nullptr || current->hint != ResetHint::kReset) continue;
    if (IsStaleNan(before->sum)) continue;  // nothing to find a reset by
    FloatHistogram unknown = *current;
    unknown.hint = ResetHint::kUnknown;
    if (!IsCounterReset(unknown, *before)) continue;  // the sender said so
    current = std::make_shared<const FloatHistogram>(std::move(unknown));
  }
}

// The labels go over from samples to rows, which last longer.
uint64_t LabelsBytes(const std::vector<SeriesSamples>& all) {
  constexpr uint64_t kLabelBlockBytes = 32;
  uint64_t bytes = 0;
  for (const SeriesSamples& series : all) {
    bytes += series.labels.canonical().size() + kLabelBlockBytes;
  }
  return bytes;
}

// What one part has given.
struct PartRows {
  PartRows(const ReadLimits& limits, size_t step_count)
      : meter(limits),
        sink{.rows = VectorValue(step_count, &meter), .annotations = annotations, .meter = meter} {}
  Annotations annotations;
  WorkMeter meter;
  RowSink sink;
};

// Reads the parts of a selection and keeps their rows.
class PartsReader {
 public:
  PartsReader(EvaluationContext& context, size_t step_count, SeriesParts& parts,
              const MakeAddRow& make_add_row)
      : context_(context),
        step_count_(step_count),
        parts_(parts),
        make_add_row_(make_add_row),
        limits_(context.limits()),
        rows_(parts.count()) {
    if (limits_.memory == nullptr) return;
    memory_.emplace(*limits_.memory);
    limits_.memory = &*memory_;
  }

  Result<VectorValue> Read() {
    ParallelFor(context_.helpers(), parts_.count(), [this](size_t part) {
      if (failed_) return;
      if (Status status = ReadPart(part); !status.ok()) Fail(std::move(status));
    });
    MutexLock lock(mutex_);
    LUMA_RETURN_IF_ERROR(error_);
    for (const auto& part : rows_) context_.annotations().Add(part->annotations);
    return rows_.size() == 1 ? SolePart() : AllParts();
  }

 private:
  Status ReadPart(size_t part) {
    std::unique_ptr<ReusedMemory> memory = TakeMemory();
    Status status = MakeRows(part, limits_.memory == nullptr ? nullptr : memory.get());
    // Rows share histograms with the samples.
    if (rows_[part] != nullptr && rows_[part]->sink.rows.HasHistograms()) memory->Keep();
    MutexLock lock(mutex_);
    free_memory_.push_back(std::move(memory));
    return status;
  }

  // As many as there are threads.
  std::unique_ptr<ReusedMemory> TakeMemory() {
    MutexLock lock(mutex_);
    if (free_memory_.empty()) return std::make_unique<ReusedMemory>(limits_.memory);
    std::unique_ptr<ReusedMemory> memory = std::move(free_memory_.back());
    free_memory_.pop_back();
    memory->Restart();
    return memory;
  }

  Status MakeRows(size_t part, ResultMemory* memory) {
    LUMA_ASSIGN_OR_RETURN(std::vector<SeriesSamples> found, parts_.Read(part, memory));
    rows_[part] = std::make_unique<PartRows>(limits_, step_count_);
    RowSink& sink = rows_[part]->sink;
    if (!sink.meter.Book(VectorValue::Bytes(found.size(), step_count_) + LabelsBytes(found))) {
      return sink.meter.Check();
    }
    sink.rows.Reserve(found.size());
    const AddRow add_row = make_add_row_(sink);
    for (SeriesSamples& series : found) {
      if (!context_.wants_found_resets()) ForgetFoundResets(series);
      const size_t row = sink.rows.size();
      LUMA_RETURN_IF_ERROR(add_row(std::move(series)));
      if (sink.rows.size() > row) LUMA_RETURN_IF_ERROR(CountPoints(sink.rows.presence(row)));
      LUMA_RETURN_IF_ERROR(sink.meter.Check());
    }
    return Status::Ok();
  }

  Status CountPoints(PresenceView presence) {
    const uint64_t count = CountSteps(presence);
    return context_.CheckPoints(points_.fetch_add(count) + count);
  }

  void Fail(Status status) {
    failed_ = true;
    MutexLock lock(mutex_);
    if (error_.ok()) error_ = std::move(status);
  }

  // Which is in order.
  VectorValue SolePart() {
    VectorValue rows = std::move(rows_[0]->sink.rows);
    rows.set_meter(&context_.meter());
    return rows;
  }

  Result<VectorValue> AllParts() {
    struct Place {
      VectorValue* part;
      size_t row;
    };
    std::vector<Place> places;
    for (const auto& part : rows_) {
      for (size_t row = 0; row < part->sink.rows.size(); ++row) {
        places.push_back({&part->sink.rows, row});
      }
    }
    LUMA_RETURN_IF_ERROR(context_.Book(places.size(), step_count_));
    std::ranges::sort(places, [](const Place& a, const Place& b) {
      return CompareLabels(a.part->labels(a.row), b.part->labels(b.row)) < 0;
    });
    VectorValue out(step_count_, &context_.meter());
    out.Reserve(places.size());
    for (const auto& [part, row] : places) {
      const bool drop_name = part->drop_name(row);
      const size_t out_row = out.AddRow(std::move(part->mutable_labels(row)), drop_name);
      out.CopyCells(out_row, *part, row);
    }
    return out;
  }

  EvaluationContext& context_;
  const size_t step_count_;
  SeriesParts& parts_;
  const MakeAddRow& make_add_row_;
  ReadLimits limits_;
  std::optional<SharedMemory> memory_;
  std::vector<std::unique_ptr<PartRows>> rows_;  // by part
  std::atomic<uint64_t> points_{0};
  std::atomic<bool> failed_{false};
  Mutex mutex_;
  Status error_ LUMA_GUARDED_BY(mutex_);  // the first one
  std::vector<std::unique_ptr<ReusedMemory>> free_memory_ LUMA_GUARDED_BY(mutex_);
};

ReadLimits LimitsOf(const EvaluationContext& context) {
  ReadLimits limits = context.limits();
  limits.with_start_times = context.wants_start_times();
  return limits;
}

}  // namespace

Result<VectorValue> RowsOfSelected(EvaluationContext& context, size_t step_count,
                                   const Matchers& matchers, TimeRange range,
                                   const MakeAddRow& make_add_row) {
  const ReadLimits limits = LimitsOf(context);
  LUMA_ASSIGN_OR_RETURN(const std::unique_ptr<SeriesParts> parts,
                        context.source().SelectParts(matchers, range, limits));
  if (parts->count() == 0) return VectorValue(step_count, &context.meter());
  return PartsReader(context, step_count, *parts, make_add_row).Read();
}

Result<std::vector<SeriesSamples>> ReadSelected(EvaluationContext& context,
                                                const Matchers& matchers, TimeRange range) {
  LUMA_ASSIGN_OR_RETURN(std::vector<SeriesSamples> found,
                        context.source().Select(matchers, range, LimitsOf(context)));
  if (context.wants_found_resets()) return found;
  for (SeriesSamples& series : found) ForgetFoundResets(series);
  return found;
}

}  // namespace luma::promql
