// What a transaction needs of the engine.
#pragma once

#include <atomic>
#include <functional>

#include "storage/budget.h"
#include "storage/commit_pipeline.h"
#include "storage/sequences.h"
#include "storage/state_store.h"
#include "storage/unique_indexes.h"

namespace luma::storage {

// References to parts that outlive every transaction. Threads: any.
struct EngineParts {
  StateStore& states;
  CommitPipeline& pipeline;
  UniqueIndexes& indexes;
  Sequences& sequences;
  MemoryBudget& budget;
  std::atomic<uint32_t>& next_object_id;
  // Asks for a flush, without waiting for it.
  const std::function<void()>& request_flush;
  // Deletes of rows that a flush or a merge has moved say in the log what the rows held, for a
  // restore to a point in time. Off without an archive of the log: it costs reads and bytes.
  const bool logs_deleted_rows;
};

}  // namespace luma::storage
