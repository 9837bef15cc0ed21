// The rows of one statement, read from its stream or, once set aside, from memory.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "base/status.h"
#include "sql/database.h"

namespace luma::session {

// Thread-compatible.
class RowSource {
 public:
  explicit RowSource(std::unique_ptr<sql::ResultStream> stream);

  const std::vector<sql::ResultColumn>& columns() const { return columns_; }

  // True when there is a row: row() of batch(), followed by others up to row_end(). False at the
  // end. Runs the statement as far as needed. Errors end the source.
  Result<bool> HasRow();
  const sql::ResultBatch& batch() const { return *batch_; }
  uint32_t row() const { return row_; }
  uint32_t row_end() const { return batch_->row_count; }
  void AdvanceTo(uint32_t row) { row_ = row; }

  // Runs the statement to its end and keeps its rows, so that the connection is free for another
  // statement. Errors: kTooLarge beyond `bytes_max`, and those of the statement.
  Status SetAside(uint64_t bytes_max);
  // Runs the statement to its end, for its effect.
  Status Drain();
  bool holds_stream() const { return stream_ != nullptr; }

  // Rows inserted, updated, deleted or returned; valid at the end.
  uint64_t affected_rows() const { return affected_rows_; }

 private:
  // The next batch of the stream; null at the end, when the stream is let go.
  Result<std::shared_ptr<const sql::ResultBatch>> Pull();

  std::unique_ptr<sql::ResultStream> stream_;
  const std::vector<sql::ResultColumn> columns_;
  std::deque<std::shared_ptr<const sql::ResultBatch>> kept_;
  std::shared_ptr<const sql::ResultBatch> batch_;
  uint32_t row_ = 0;
  uint64_t affected_rows_ = 0;
};

}  // namespace luma::session
