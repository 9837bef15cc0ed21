// Encoders of the messages the server sends; DataRow and CopyData are in row_encoder.h and
// copy_format.h. Each appends one message.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sql/database.h"

namespace luma::pgwire {

enum class ValueFormat : int16_t { kText = 0, kBinary = 1 };

enum class Severity : uint8_t { kFatal, kError, kWarning, kNotice };

struct DiagnosticPosition {
  int position = 0;   // 1-based character in the query string; 0: not known
  std::string where;  // context, for example "COPY t, line 3"; empty: none
};

void WriteAuthenticationOk(std::string& out);
void WriteAuthenticationMd5(std::string& out, std::span<const uint8_t, 4> salt);
void WriteNegotiateProtocolVersion(std::string& out, std::span<const std::string> unknown_options);
void WriteParameterStatus(std::string& out, std::string_view name, std::string_view value);
void WriteBackendKeyData(std::string& out, int32_t process_id, int32_t secret);
void WriteReadyForQuery(std::string& out, sql::TransactionState state);

// `formats`: one per column.
void WriteRowDescription(std::string& out, std::span<const sql::ResultColumn> columns,
                         std::span<const ValueFormat> formats);
void WriteParameterDescription(std::string& out, std::span<const uint32_t> oids);
void WriteNoData(std::string& out);
void WriteParseComplete(std::string& out);
void WriteBindComplete(std::string& out);
void WriteCloseComplete(std::string& out);
void WritePortalSuspended(std::string& out);
void WriteEmptyQueryResponse(std::string& out);
void WriteCommandComplete(std::string& out, std::string_view tag);

void WriteCopyInResponse(std::string& out, size_t columns);
void WriteCopyOutResponse(std::string& out, size_t columns);
void WriteCopyDone(std::string& out);

// ErrorResponse; `severity` is kFatal or kError. The position of `status` is not used.
void WriteError(std::string& out, Severity severity, const Status& status,
                const DiagnosticPosition& position);
void WriteNotice(std::string& out, Severity severity, std::string_view sqlstate,
                 std::string_view message);

}  // namespace luma::pgwire
