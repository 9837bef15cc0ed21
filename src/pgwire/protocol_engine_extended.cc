// The extended protocol: Parse, Bind, Describe, Execute, Close, Sync.
#include <utility>

#include "pgwire/protocol_engine.h"
#include "pgwire/row_encoder.h"

namespace luma::pgwire {
namespace {

using sql::StatementKind;

bool ReturnsRows(const sql::ParsedStatement& statement) {
  return statement.returns_rows && statement.kind != StatementKind::kCopyToStdout;
}

Status CheckParameterCounts(const BindMessage& message, size_t wanted) {
  const size_t formats = message.parameter_formats.size();
  const size_t given = message.parameters.size();
  if (formats > 1 && formats != given) {
    return Status::InvalidArgument("bind message has ", formats, " parameter formats but ", given,
                                   " parameters")
        .WithSqlState("08P01");
  }
  if (given != wanted) {
    return Status::InvalidArgument("bind message supplies ", given,
                                   " parameters, but prepared statement \"", message.statement_name,
                                   "\" requires ", wanted)
        .WithSqlState("08P01");
  }
  return Status::Ok();
}

Result<std::vector<sql::Parameter>> MakeParameters(const BindMessage& message,
                                                   std::span<const uint32_t> oids) {
  LUMA_RETURN_IF_ERROR(CheckParameterCounts(message, oids.size()));
  std::vector<sql::Parameter> parameters;
  for (size_t i = 0; i < message.parameters.size(); ++i) {
    const auto& formats = message.parameter_formats;
    const int16_t format = formats.empty() ? int16_t{0} : formats[formats.size() == 1 ? 0 : i];
    if (format != 0 && format != 1) {
      return Status::InvalidArgument("unsupported format code: ", format);
    }
    sql::Parameter parameter;
    parameter.type_oid = oids[i];
    parameter.is_null = !message.parameters[i].has_value();
    parameter.is_binary = format == 1;
    parameter.bytes = message.parameters[i].value_or(std::string_view());
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

}  // namespace

Status ProtocolEngine::Parse(std::string_view body) {
  LUMA_ASSIGN_OR_RETURN(const ParseMessage message, DecodeParse(body));
  text_offset_ = 0;
  LUMA_RETURN_IF_ERROR(
      session_.Prepare(message.statement_name, message.text, message.parameter_oids));
  WriteParseComplete(output_);
  return Status::Ok();
}

Status ProtocolEngine::Bind(std::string_view body) {
  LUMA_ASSIGN_OR_RETURN(BindMessage message, DecodeBind(body));
  LUMA_ASSIGN_OR_RETURN(const sql::PreparedStatement* prepared,
                        session_.FindPrepared(message.statement_name));
  std::span<const uint32_t> oids;
  if (prepared != nullptr) {
    oids = prepared->parameter_oids();
    if (ReturnsRows(prepared->parsed())) {
      LUMA_RETURN_IF_ERROR(
          ResolveResultFormats(message.result_formats, prepared->columns()).status());
    }
  }
  LUMA_ASSIGN_OR_RETURN(auto parameters, MakeParameters(message, oids));
  LUMA_RETURN_IF_ERROR(session_
                           .Bind(message.portal_name, message.statement_name, std::move(parameters),
                                 std::move(message.result_formats))
                           .status());
  WriteBindComplete(output_);
  return Status::Ok();
}

Status ProtocolEngine::Describe(std::string_view body) {
  LUMA_ASSIGN_OR_RETURN(const TargetMessage message, DecodeTarget(body));
  return message.is_portal ? DescribePortal(message.name) : DescribeStatement(message.name);
}

Status ProtocolEngine::DescribeStatement(std::string_view name) {
  LUMA_ASSIGN_OR_RETURN(const sql::PreparedStatement* prepared, session_.FindPrepared(name));
  std::span<const uint32_t> oids;
  if (prepared != nullptr) oids = prepared->parameter_oids();
  WriteParameterDescription(output_, oids);
  if (prepared == nullptr || !ReturnsRows(prepared->parsed())) {
    WriteNoData(output_);
    return Status::Ok();
  }
  LUMA_RETURN_IF_ERROR(session_.CheckNotFailed(prepared->parsed().kind));
  const std::vector<ValueFormat> formats(prepared->columns().size(), ValueFormat::kText);
  WriteRowDescription(output_, prepared->columns(), formats);
  return Status::Ok();
}

Status ProtocolEngine::DescribePortal(std::string_view name) {
  LUMA_ASSIGN_OR_RETURN(const session::Portal* portal, session_.FindPortal(name));
  const auto columns = session::ColumnsOf(*portal);
  if (columns.empty() || !ReturnsRows(portal->statement)) {
    WriteNoData(output_);
    return Status::Ok();
  }
  LUMA_RETURN_IF_ERROR(session_.CheckNotFailed(portal->statement.kind));
  LUMA_ASSIGN_OR_RETURN(const auto formats,
                        ResolveResultFormats(portal->result_format_codes, columns));
  WriteRowDescription(output_, columns, formats);
  return Status::Ok();
}

Status ProtocolEngine::Execute(std::string_view body) {
  LUMA_ASSIGN_OR_RETURN(const ExecuteMessage message, DecodeExecute(body));
  LUMA_ASSIGN_OR_RETURN(session::Portal * portal, session_.FindPortal(message.portal_name));
  if (portal->is_empty) {
    WriteEmptyQueryResponse(output_);
    return Status::Ok();
  }
  text_offset_ = portal->statement.text_offset;
  if (portal->finished && !portal->statement.returns_rows) {
    return Status::InvalidArgument("portal \"", message.portal_name, "\" cannot be run")
        .WithSqlState("55000");
  }
  const uint64_t rows_max = message.rows_max > 0 ? static_cast<uint64_t>(message.rows_max) : 0;
  // A statement that stands alone before Sync is its own transaction: it needs no implicit one.
  const bool stands_alone =
      rows_max == 0 && input_.PeekType() == static_cast<char>(FrontendType::kSync);
  if (!stands_alone && session::MayBeInImplicit(portal->statement)) {
    LUMA_RETURN_IF_ERROR(session_.EnterImplicit());
  }
  if (portal->statement.kind == StatementKind::kCopyFromStdin) {
    return StartCopyIn(portal->statement);
  }
  return runner_.Begin(*portal, rows_max, false, output_);
}

Status ProtocolEngine::Close(std::string_view body) {
  LUMA_ASSIGN_OR_RETURN(const TargetMessage message, DecodeTarget(body));
  if (message.is_portal) {
    session_.ClosePortal(message.name);
  } else {
    session_.ClosePrepared(message.name);
  }
  WriteCloseComplete(output_);
  return Status::Ok();
}

void ProtocolEngine::Sync() {
  skipping_ = false;
  EndQuery(true);
}

}  // namespace luma::pgwire
