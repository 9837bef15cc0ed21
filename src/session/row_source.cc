#include "session/row_source.h"

#include <utility>

namespace luma::session {
namespace {

uint64_t BytesOf(const ColumnSpan& column) {
  uint64_t bytes = uint64_t{column.count} * ValueBytes(column.type);
  if (column.type != PhysicalType::kBytes) return bytes;
  for (uint32_t row = 0; row < column.count; ++row) {
    const StringRef& text = column.As<StringRef>()[row];
    if (!column.IsNull(row) && !text.inlined()) bytes += text.size();
  }
  return bytes;
}

uint64_t BytesOf(const sql::ResultBatch& batch) {
  uint64_t bytes = sizeof(batch);
  for (const ColumnSpan& column : batch.columns) bytes += BytesOf(column);
  return bytes;
}

}  // namespace

RowSource::RowSource(std::unique_ptr<sql::ResultStream> stream)
    : stream_(std::move(stream)), columns_(stream_->columns()) {}

Result<bool> RowSource::HasRow() {
  while (batch_ == nullptr || row_ >= batch_->row_count) {
    row_ = 0;
    if (!kept_.empty()) {
      batch_ = std::move(kept_.front());
      kept_.pop_front();
      continue;
    }
    LUMA_ASSIGN_OR_RETURN(batch_, Pull());
    if (batch_ == nullptr) return false;
  }
  return true;
}

Status RowSource::SetAside(uint64_t bytes_max) {
  uint64_t bytes = 0;
  while (stream_ != nullptr) {
    LUMA_ASSIGN_OR_RETURN(std::shared_ptr<const sql::ResultBatch> batch, Pull());
    if (batch == nullptr) break;
    bytes += BytesOf(*batch);
    if (bytes > bytes_max) {
      stream_.reset();
      kept_.clear();
      return Status::TooLarge(
                 "rows left in a suspended portal are too many to set aside for "
                 "another statement: limit_bytes=",
                 bytes_max)
          .WithHint("Fetch all rows of a portal before running another statement.");
    }
    kept_.push_back(std::move(batch));
  }
  return Status::Ok();
}

Status RowSource::Drain() {
  while (stream_ != nullptr) LUMA_RETURN_IF_ERROR(Pull().status());
  return Status::Ok();
}

Result<std::shared_ptr<const sql::ResultBatch>> RowSource::Pull() {
  if (stream_ == nullptr) return std::shared_ptr<const sql::ResultBatch>();
  Result<std::shared_ptr<const sql::ResultBatch>> batch = stream_->Next();
  if (batch.ok() && *batch == nullptr) affected_rows_ = stream_->affected_rows();
  if (!batch.ok() || *batch == nullptr) stream_.reset();
  return batch;
}

}  // namespace luma::session
