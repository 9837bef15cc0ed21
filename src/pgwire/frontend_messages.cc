#include "pgwire/frontend_messages.h"

#include "pgwire/wire_reader.h"

namespace luma::pgwire {
namespace {

Status Malformed(std::string_view message) {
  return Status::InvalidArgument("invalid message format: message=", message).WithSqlState("08P01");
}

// Counts are unsigned 16-bit numbers; memory follows the bytes that are there, not the count.
uint16_t Count(WireReader& reader) { return static_cast<uint16_t>(reader.Int16()); }

std::vector<int16_t> ReadFormats(WireReader& reader) {
  std::vector<int16_t> formats;
  for (uint16_t left = Count(reader); left > 0 && reader.ok(); --left) {
    formats.push_back(reader.Int16());
  }
  return formats;
}

// False for a negative length other than -1 (NULL).
bool ReadParameters(WireReader& reader, BindMessage& message) {
  for (uint16_t left = Count(reader); left > 0 && reader.ok(); --left) {
    const int32_t length = reader.Int32();
    if (length < -1) return false;
    if (length == -1) {
      message.parameters.emplace_back(std::nullopt);
    } else {
      message.parameters.emplace_back(reader.Raw(static_cast<size_t>(length)));
    }
  }
  return reader.ok();
}

}  // namespace

Result<std::string_view> DecodeText(std::string_view body) {
  WireReader reader(body);
  const std::string_view text = reader.CString();
  if (!reader.AtEnd()) return Malformed("text");
  return text;
}

Result<ParseMessage> DecodeParse(std::string_view body) {
  WireReader reader(body);
  ParseMessage message;
  message.statement_name = reader.CString();
  message.text = reader.CString();
  for (uint16_t left = Count(reader); left > 0 && reader.ok(); --left) {
    message.parameter_oids.push_back(static_cast<uint32_t>(reader.Int32()));
  }
  if (!reader.AtEnd()) return Malformed("Parse");
  return message;
}

Result<BindMessage> DecodeBind(std::string_view body) {
  WireReader reader(body);
  BindMessage message;
  message.portal_name = reader.CString();
  message.statement_name = reader.CString();
  message.parameter_formats = ReadFormats(reader);
  if (!ReadParameters(reader, message)) return Malformed("Bind");
  message.result_formats = ReadFormats(reader);
  if (!reader.AtEnd()) return Malformed("Bind");
  return message;
}

Result<TargetMessage> DecodeTarget(std::string_view body) {
  WireReader reader(body);
  const char kind = static_cast<char>(reader.Byte());
  TargetMessage message;
  message.is_portal = kind == 'P';
  message.name = reader.CString();
  if (!reader.AtEnd() || (kind != 'P' && kind != 'S')) return Malformed("Describe or Close");
  return message;
}

Result<ExecuteMessage> DecodeExecute(std::string_view body) {
  WireReader reader(body);
  ExecuteMessage message;
  message.portal_name = reader.CString();
  message.rows_max = reader.Int32();
  if (!reader.AtEnd()) return Malformed("Execute");
  return message;
}

}  // namespace luma::pgwire
