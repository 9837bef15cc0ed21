#include "pgwire/protocol_engine.h"

#include <utility>

namespace luma::pgwire {
namespace {

using sql::StatementKind;

Status UnknownMessage(char type) {
  return Status::InvalidArgument("invalid frontend message type ", int{static_cast<uint8_t>(type)})
      .WithSqlState("08P01");
}

}  // namespace

ProtocolEngine::ProtocolEngine(session::Session& session, EngineLimits limits)
    : session_(session),
      limits_(limits),
      runner_(session, format_settings_, limits.out_bytes_mark, limits.row_bytes_max) {}

bool ProtocolEngine::IsIdle() const {
  return !HasWork() && copy_ == nullptr &&
         session_.transaction_state() == sql::TransactionState::kIdle;
}

std::chrono::milliseconds ProtocolEngine::patience() const {
  const bool between_requests = copy_ == nullptr && !HasWork();
  const bool in_transaction = session_.transaction_state() != sql::TransactionState::kIdle;
  return between_requests && in_transaction ? idle_in_transaction_timeout_
                                            : std::chrono::milliseconds(0);
}

ProtocolEngine::Outcome ProtocolEngine::Step() {
  while (true) {
    if (output_.size() >= limits_.out_bytes_mark) return Outcome::kSendOutput;
    if (runner_.running()) {
      PumpPortal();
    } else if (query_.has_value() && copy_ == nullptr) {
      RunNextStatement();
    } else {
      const Result<std::optional<Frame>> frame = input_.Next(limits_.message_bytes_max);
      if (!frame.ok()) {
        WriteFatal(frame.status());
        return Outcome::kClose;
      }
      if (!frame->has_value()) {
        return std::exchange(output_due_, false) ? Outcome::kSendOutput : Outcome::kNeedInput;
      }
      if (HandleFrame(**frame) == Outcome::kClose) return Outcome::kClose;
    }
  }
}

ProtocolEngine::Outcome ProtocolEngine::HandleFrame(const Frame& frame) {
  if (copy_ != nullptr) return HandleCopyFrame(frame);
  const auto type = static_cast<FrontendType>(frame.type);
  if (type == FrontendType::kTerminate) return Outcome::kClose;
  if (type == FrontendType::kSync) {
    Sync();
    return Outcome::kNeedInput;
  }
  switch (type) {
    case FrontendType::kQuery:
      if (!skipping_) StartQuery(frame.body);
      return Outcome::kNeedInput;
    case FrontendType::kFunctionCall:
      if (!skipping_) {
        session_.StartRequest();
        query_.emplace();
        Fail(Status::Unsupported("function call messages are not supported"));
      }
      return Outcome::kNeedInput;
    case FrontendType::kParse:
    case FrontendType::kBind:
    case FrontendType::kDescribe:
    case FrontendType::kExecute:
    case FrontendType::kClose: {
      if (skipping_) return Outcome::kNeedInput;
      session_.StartRequest();
      const Status status = HandleExtended(frame);
      if (!status.ok()) Fail(status);
      return Outcome::kNeedInput;
    }
    case FrontendType::kFlush:
      output_due_ = true;
      return Outcome::kNeedInput;
    case FrontendType::kCopyData:
    case FrontendType::kCopyDone:
    case FrontendType::kCopyFail:
      return Outcome::kNeedInput;  // left over from a COPY that failed
    default:
      WriteFatal(UnknownMessage(frame.type));
      return Outcome::kClose;
  }
}

Status ProtocolEngine::HandleExtended(const Frame& frame) {
  switch (static_cast<FrontendType>(frame.type)) {
    case FrontendType::kParse:
      return Parse(frame.body);
    case FrontendType::kBind:
      return Bind(frame.body);
    case FrontendType::kDescribe:
      return Describe(frame.body);
    case FrontendType::kExecute:
      return Execute(frame.body);
    default:
      return Close(frame.body);
  }
}

// -- Simple protocol

void ProtocolEngine::StartQuery(std::string_view body) {
  session_.StartRequest();
  query_.emplace();
  text_offset_ = 0;
  const Result<std::string_view> text = DecodeText(body);
  if (!text.ok()) return Fail(text.status());
  session_.ClosePortal("");
  Result<std::vector<sql::ParsedStatement>> statements = session_.Parse(*text);
  if (!statements.ok()) return Fail(statements.status());
  query_->statements = *std::move(statements);
  if (!query_->statements.empty()) return;
  WriteEmptyQueryResponse(output_);
  EndQuery(true);
}

void ProtocolEngine::RunNextStatement() {
  const sql::ParsedStatement& statement = query_->statements[query_->next++];
  text_offset_ = statement.text_offset;
  const Status status = StartStatement(statement);
  if (!status.ok()) Fail(status);
}

Status ProtocolEngine::StartStatement(const sql::ParsedStatement& statement) {
  if (query_->statements.size() > 1 && session::MayBeInImplicit(statement)) {
    LUMA_RETURN_IF_ERROR(session_.EnterImplicit());
  }
  if (statement.kind == StatementKind::kCopyFromStdin) return StartCopyIn(statement);
  return runner_.Begin(session_.BindSimple(statement), 0, true, output_);
}

void ProtocolEngine::PumpPortal() {
  const Result<PortalRunner::Progress> progress = runner_.Pump(output_);
  if (!progress.ok()) return Fail(progress.status());
  if (*progress == PortalRunner::Progress::kSuspended) WritePortalSuspended(output_);
  if (*progress != PortalRunner::Progress::kDone) return;
  const Status status = CompleteStatement(runner_.completion_tag());
  if (!status.ok()) Fail(status);
}

// The last statement of a Query is complete only when what it shares is committed.
Status ProtocolEngine::CompleteStatement(std::string_view tag) {
  const bool ends_query = query_.has_value() && query_->is_last();
  if (ends_query) LUMA_RETURN_IF_ERROR(session_.LeaveImplicit(true));
  SendNotices();
  WriteCommandComplete(output_, tag);
  SendChangedSettings();
  if (ends_query) EndQuery(true);
  return Status::Ok();
}

void ProtocolEngine::EndQuery(bool success) {
  query_.reset();
  const Status status = session_.LeaveImplicit(success);
  if (!status.ok()) WriteError(output_, Severity::kError, status, {});
  SendReady();
}

void ProtocolEngine::SendReady() {
  session_.EndRequest();
  WriteReadyForQuery(output_, session_.transaction_state());
  output_due_ = true;
}

// -- Errors, notices, settings

void ProtocolEngine::Fail(const Status& status) {
  DiagnosticPosition position;
  if (status.sql_position() > 0) position.position = status.sql_position() + text_offset_;
  if (copy_ != nullptr) position.where = copy_->Where();
  copy_.reset();
  session_.NoteError();
  SendNotices();
  WriteError(output_, Severity::kError, status, position);
  output_due_ = true;
  if (query_.has_value()) return EndQuery(false);
  skipping_ = true;
  // The client learns of the error alone; what went before is rolled back without a word.
  static_cast<void>(session_.LeaveImplicit(false).ok());
}

void ProtocolEngine::WriteFatal(const Status& status) {
  WriteError(output_, Severity::kFatal, status, {});
}

void ProtocolEngine::SendNotices() {
  for (const session::Notice& notice : session_.TakeNotices()) {
    WriteNotice(output_, notice.is_warning ? Severity::kWarning : Severity::kNotice,
                notice.sqlstate, notice.message);
  }
}

}  // namespace luma::pgwire
