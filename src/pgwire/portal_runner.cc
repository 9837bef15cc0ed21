#include "pgwire/portal_runner.h"

#include <algorithm>
#include <utility>

#include "pgwire/copy_format.h"
#include "pgwire/row_encoder.h"

namespace luma::pgwire {
namespace {

using sql::StatementKind;

Status CheckCopyOut(const sql::CopyOptions& options) {
  if (options.format != sql::CopyFormat::kBinary) return Status::Ok();
  return Status::Unsupported("COPY in binary format is not supported");
}

bool IsCopyOut(const session::Portal& portal) {
  return portal.statement.kind == StatementKind::kCopyToStdout;
}

// EXECUTE and CALL may or may not have a result: what runs tells.
bool SendsRows(const session::Portal& portal) {
  if (portal.rows == nullptr || portal.rows->columns().empty()) return false;
  return portal.statement.returns_rows || IsCopyOut(portal);
}

}  // namespace

Status PortalRunner::Begin(session::Portal& portal, uint64_t rows_max, bool describe,
                           std::string& out) {
  const bool first = !portal.started;
  if (first) {
    if (IsCopyOut(portal)) LUMA_RETURN_IF_ERROR(CheckCopyOut(portal.statement.copy));
    LUMA_RETURN_IF_ERROR(session_.Start(portal));
  } else {
    session_.Resume(portal);
  }
  portal_ = &portal;
  rows_sent_ = 0;
  // As in PostgreSQL, COPY is not cut short.
  rows_left_ = rows_max == 0 || IsCopyOut(portal) ? UINT64_MAX : rows_max;
  const Status status = first ? BeginOutput(describe, out) : ResolveFormats();
  if (!status.ok()) portal_ = nullptr;
  return status;
}

Status PortalRunner::BeginOutput(bool describe, std::string& out) {
  if (!SendsRows(*portal_)) return Status::Ok();
  const auto& columns = portal_->rows->columns();
  if (IsCopyOut(*portal_)) {
    WriteCopyOutResponse(out, columns.size());
    if (portal_->statement.copy.header) {
      CopyWriter(portal_->statement.copy, columns, settings_).WriteHeader(out);
    }
    return Status::Ok();
  }
  LUMA_RETURN_IF_ERROR(ResolveFormats());
  if (describe) WriteRowDescription(out, columns, formats_);
  return Status::Ok();
}

Status PortalRunner::ResolveFormats() {
  if (!SendsRows(*portal_) || IsCopyOut(*portal_)) return Status::Ok();
  LUMA_ASSIGN_OR_RETURN(
      formats_, ResolveResultFormats(portal_->result_format_codes, portal_->rows->columns()));
  return Status::Ok();
}

Result<PortalRunner::Progress> PortalRunner::Pump(std::string& out) {
  const bool sends_rows = SendsRows(*portal_);
  Status status = sends_rows ? Status::Ok() : session_.Finish(*portal_);
  while (status.ok() && sends_rows) {
    if (out.size() >= out_bytes_mark_) return Progress::kMore;
    if (rows_left_ == 0) {
      portal_ = nullptr;
      return Progress::kSuspended;
    }
    const Result<bool> has_row = session_.HasRow(*portal_);
    if (has_row.ok() && !*has_row) break;
    status = has_row.ok() ? SendRows(out) : has_row.status();
  }
  if (status.ok()) return EndOutput(out);
  portal_ = nullptr;
  return status;
}

Status PortalRunner::SendRows(std::string& out) {
  session::RowSource& rows = *portal_->rows;
  const uint64_t rows_wanted = std::min(rows_left_, portal_->fetch_rows_left);
  const auto row_end = static_cast<uint32_t>(
      rows.row() + std::min<uint64_t>(rows_wanted, rows.row_end() - rows.row()));
  uint32_t row = rows.row();
  if (IsCopyOut(*portal_)) {
    const CopyWriter writer(portal_->statement.copy, rows.columns(), settings_);
    for (; row < row_end && out.size() < out_bytes_mark_; ++row) {
      LUMA_RETURN_IF_ERROR(writer.WriteRow(rows.batch(), row, row_bytes_max_, out));
    }
  } else {
    LUMA_ASSIGN_OR_RETURN(row, EncodeRows(rows.batch(), row, row_end, rows.columns(), formats_,
                                          settings_, out_bytes_mark_, row_bytes_max_, out));
  }
  const uint32_t sent = row - rows.row();
  session_.AdvanceTo(*portal_, row);
  rows_sent_ += sent;
  if (rows_left_ != UINT64_MAX) rows_left_ -= sent;
  return Status::Ok();
}

Result<PortalRunner::Progress> PortalRunner::EndOutput(std::string& out) {
  if (IsCopyOut(*portal_)) WriteCopyDone(out);
  completion_tag_ = session_.CompletionTag(*portal_, rows_sent_);
  portal_ = nullptr;
  return Progress::kDone;
}

}  // namespace luma::pgwire
