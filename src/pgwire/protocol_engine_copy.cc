// COPY FROM STDIN: the messages between CopyInResponse and its end.
#include <fmt/format.h>

#include "pgwire/protocol_engine.h"

namespace luma::pgwire {

Status ProtocolEngine::StartCopyIn(const sql::ParsedStatement& statement) {
  LUMA_ASSIGN_OR_RETURN(copy_, CopyReceiver::Start(session_, statement, limits_.row_bytes_max));
  WriteCopyInResponse(output_, copy_->column_count());
  output_due_ = true;
  return Status::Ok();
}

ProtocolEngine::Outcome ProtocolEngine::HandleCopyFrame(const Frame& frame) {
  Status status;
  switch (static_cast<FrontendType>(frame.type)) {
    case FrontendType::kCopyData:
      status = copy_->Receive(frame.body);
      break;
    case FrontendType::kCopyDone:
      status = FinishCopyIn();
      break;
    case FrontendType::kCopyFail:
      status = Status::Cancelled("COPY from stdin failed: ",
                                 DecodeText(frame.body).ok() ? *DecodeText(frame.body) : "");
      break;
    case FrontendType::kFlush:
    case FrontendType::kSync:  // sent by clients that always add it after Execute
      break;
    case FrontendType::kTerminate:
      return Outcome::kClose;
    default:
      status = Status::InvalidArgument(
                   fmt::format("unexpected message type 0x{:02X} during COPY from stdin",
                               static_cast<uint8_t>(frame.type)))
                   .WithSqlState("08P01");
  }
  if (!status.ok()) Fail(status);
  return Outcome::kNeedInput;
}

Status ProtocolEngine::FinishCopyIn() {
  LUMA_ASSIGN_OR_RETURN(const uint64_t rows, copy_->Finish());
  copy_.reset();
  return CompleteStatement("COPY " + std::to_string(rows));
}

}  // namespace luma::pgwire
