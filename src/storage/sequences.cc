#include "storage/sequences.h"

namespace luma::storage {
namespace {

constexpr int kLoggedAhead = 32;  // as PostgreSQL's SEQ_LOG_VALS

// The position after handing out one more number; its value is that number.
Result<SequenceRecord> Advance(const SequenceRecord& position, const SequenceOptions& options) {
  if (!position.is_called) return SequenceRecord{.value = position.value, .is_called = true};
  int64_t next = 0;
  const bool overflows = __builtin_add_overflow(position.value, options.increment, &next);
  const bool ascending = options.increment > 0;
  if (!overflows && next <= options.max_value && next >= options.min_value) {
    return SequenceRecord{.value = next, .is_called = true};
  }
  if (options.cycle) {
    return SequenceRecord{.value = ascending ? options.min_value : options.max_value,
                          .is_called = true};
  }
  return Status::OutOfRange(
             "nextval: reached ", ascending ? "maximum" : "minimum",
             " value of sequence: value=", ascending ? options.max_value : options.min_value)
      .WithSqlState("2200H");
}

}  // namespace

void Sequences::Restore(ObjectId id, const SequenceRecord& record) {
  MutexLock lock(mutex_);
  counters_[id] = {.position = record, .logged = record};
}

Result<Sequences::Number> Sequences::Next(ObjectId id, const SequenceOptions& options,
                                          const Log& log) {
  MutexLock lock(mutex_);
  const auto found = counters_.find(id);
  Counter counter = found != counters_.end()
                        ? found->second
                        : Counter{.position = {.value = options.start, .is_called = false}};
  LUMA_ASSIGN_OR_RETURN(counter.position, Advance(counter.position, options));
  if (counter.ahead == 0 || counter.increment != options.increment) {
    counter.logged = counter.position;
    counter.ahead = 0;
    counter.increment = options.increment;
    for (; counter.ahead < kLoggedAhead; ++counter.ahead) {
      const Result<SequenceRecord> further = Advance(counter.logged, options);
      if (!further.ok()) break;  // near the end: what is left is logged one by one
      counter.logged = *further;
    }
    const Record record(id, counter.logged);
    LUMA_ASSIGN_OR_RETURN(counter.logged_at, log({&record, 1}));
  } else {
    --counter.ahead;
  }
  counter.last = counter.position.value;
  counters_[id] = counter;
  return Number{.value = counter.position.value, .logged_at = counter.logged_at};
}

Result<int64_t> Sequences::Current(ObjectId id) const {
  MutexLock lock(mutex_);
  const auto found = counters_.find(id);
  if (found == counters_.end() || !found->second.last) {
    return Status::InvalidArgument("currval: sequence is not yet defined in this session")
        .WithSqlState("55000");
  }
  return *found->second.last;
}

Result<Lsn> Sequences::Set(ObjectId id, const SequenceOptions& options, int64_t value,
                           bool is_called, const Log& log) {
  if (value < options.min_value || value > options.max_value) {
    return Status::OutOfRange("setval: value is out of bounds for sequence: value=", value,
                              " min=", options.min_value, " max=", options.max_value);
  }
  MutexLock lock(mutex_);
  const Record record(id, {.value = value, .is_called = is_called});
  LUMA_ASSIGN_OR_RETURN(const Lsn logged_at, log({&record, 1}));
  Counter& counter = counters_[id];
  counter.position = counter.logged = record.second;
  counter.logged_at = logged_at;
  counter.ahead = 0;
  if (is_called) counter.last = value;
  return logged_at;
}

void Sequences::Drop(ObjectId id) {
  MutexLock lock(mutex_);
  counters_.erase(id);
}

std::vector<Sequences::Record> Sequences::Logged() const {
  MutexLock lock(mutex_);
  std::vector<Record> records;
  for (const auto& [id, counter] : counters_) records.emplace_back(id, counter.logged);
  return records;
}

Status Sequences::LogExact(const Log& log) {
  MutexLock lock(mutex_);
  std::vector<Record> records;
  for (auto& [id, counter] : counters_) {
    if (counter.logged == counter.position) continue;
    counter.logged = counter.position;
    counter.ahead = 0;
    records.emplace_back(id, counter.position);
  }
  return records.empty() ? Status::Ok() : log(records).status();
}

}  // namespace luma::storage
