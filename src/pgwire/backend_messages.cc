#include "pgwire/backend_messages.h"

#include "pgwire/wire_writer.h"

namespace luma::pgwire {
namespace {

constexpr int32_t kAuthenticationOk = 0;
constexpr int32_t kAuthenticationMd5Password = 5;

void WriteEmpty(std::string& out, char type) {
  WireWriter writer(out);
  writer.Begin(type);
  writer.End();
}

std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kFatal:
      return "FATAL";
    case Severity::kError:
      return "ERROR";
    case Severity::kWarning:
      return "WARNING";
    case Severity::kNotice:
      return "NOTICE";
  }
  return "ERROR";
}

void WriteField(WireWriter& writer, char field, std::string_view text) {
  if (text.empty()) return;
  writer.Byte(field);
  writer.CString(text);
}

void WriteDiagnosticHead(WireWriter& writer, Severity severity, std::string_view sqlstate,
                         std::string_view message) {
  WriteField(writer, 'S', SeverityName(severity));
  WriteField(writer, 'V', SeverityName(severity));
  WriteField(writer, 'C', sqlstate);
  WriteField(writer, 'M', message.empty() ? "unknown error" : message);
}

void WriteCopyResponse(std::string& out, char type, size_t columns) {
  WireWriter writer(out);
  writer.Begin(type);
  writer.Byte(0);  // overall format: text
  writer.Int16(static_cast<int16_t>(columns));
  for (size_t i = 0; i < columns; ++i) writer.Int16(0);
  writer.End();
}

}  // namespace

void WriteAuthenticationOk(std::string& out) {
  WireWriter writer(out);
  writer.Begin('R');
  writer.Int32(kAuthenticationOk);
  writer.End();
}

void WriteAuthenticationMd5(std::string& out, std::span<const uint8_t, 4> salt) {
  WireWriter writer(out);
  writer.Begin('R');
  writer.Int32(kAuthenticationMd5Password);
  for (const uint8_t byte : salt) writer.Byte(static_cast<char>(byte));
  writer.End();
}

void WriteNegotiateProtocolVersion(std::string& out, std::span<const std::string> unknown_options) {
  WireWriter writer(out);
  writer.Begin('v');
  writer.Int32(0);  // newest minor version of protocol 3 that is supported
  writer.Int32(static_cast<int32_t>(unknown_options.size()));
  for (const std::string& option : unknown_options) writer.CString(option);
  writer.End();
}

void WriteParameterStatus(std::string& out, std::string_view name, std::string_view value) {
  WireWriter writer(out);
  writer.Begin('S');
  writer.CString(name);
  writer.CString(value);
  writer.End();
}

void WriteBackendKeyData(std::string& out, int32_t process_id, int32_t secret) {
  WireWriter writer(out);
  writer.Begin('K');
  writer.Int32(process_id);
  writer.Int32(secret);
  writer.End();
}

void WriteReadyForQuery(std::string& out, sql::TransactionState state) {
  WireWriter writer(out);
  writer.Begin('Z');
  switch (state) {
    case sql::TransactionState::kIdle:
      writer.Byte('I');
      break;
    case sql::TransactionState::kInTransaction:
      writer.Byte('T');
      break;
    case sql::TransactionState::kFailed:
      writer.Byte('E');
      break;
  }
  writer.End();
}

void WriteRowDescription(std::string& out, std::span<const sql::ResultColumn> columns,
                         std::span<const ValueFormat> formats) {
  WireWriter writer(out);
  writer.Begin('T');
  writer.Int16(static_cast<int16_t>(columns.size()));
  for (size_t i = 0; i < columns.size(); ++i) {
    const sql::ResultColumn& column = columns[i];
    writer.CString(column.name);
    writer.Int32(static_cast<int32_t>(column.table_oid));
    writer.Int16(column.attribute_number);
    writer.Int32(static_cast<int32_t>(column.type_oid));
    writer.Int16(column.type_length);
    writer.Int32(column.type_modifier);
    writer.Int16(static_cast<int16_t>(formats[i]));
  }
  writer.End();
}

void WriteParameterDescription(std::string& out, std::span<const uint32_t> oids) {
  WireWriter writer(out);
  writer.Begin('t');
  writer.Int16(static_cast<int16_t>(oids.size()));
  for (const uint32_t oid : oids) writer.Int32(static_cast<int32_t>(oid));
  writer.End();
}

void WriteNoData(std::string& out) { WriteEmpty(out, 'n'); }
void WriteParseComplete(std::string& out) { WriteEmpty(out, '1'); }
void WriteBindComplete(std::string& out) { WriteEmpty(out, '2'); }
void WriteCloseComplete(std::string& out) { WriteEmpty(out, '3'); }
void WritePortalSuspended(std::string& out) { WriteEmpty(out, 's'); }
void WriteEmptyQueryResponse(std::string& out) { WriteEmpty(out, 'I'); }
void WriteCopyDone(std::string& out) { WriteEmpty(out, 'c'); }

void WriteCommandComplete(std::string& out, std::string_view tag) {
  WireWriter writer(out);
  writer.Begin('C');
  writer.CString(tag);
  writer.End();
}

void WriteCopyInResponse(std::string& out, size_t columns) { WriteCopyResponse(out, 'G', columns); }
void WriteCopyOutResponse(std::string& out, size_t columns) {
  WriteCopyResponse(out, 'H', columns);
}

void WriteError(std::string& out, Severity severity, const Status& status,
                const DiagnosticPosition& position) {
  WireWriter writer(out);
  writer.Begin('E');
  WriteDiagnosticHead(writer, severity, status.sqlstate(), status.message());
  WriteField(writer, 'H', status.hint());
  if (position.position > 0) WriteField(writer, 'P', std::to_string(position.position));
  WriteField(writer, 'W', position.where);
  writer.Byte('\0');
  writer.End();
}

void WriteNotice(std::string& out, Severity severity, std::string_view sqlstate,
                 std::string_view message) {
  WireWriter writer(out);
  writer.Begin('N');
  WriteDiagnosticHead(writer, severity, sqlstate, message);
  writer.Byte('\0');
  writer.End();
}

}  // namespace luma::pgwire
