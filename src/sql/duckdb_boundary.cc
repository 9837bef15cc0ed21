#include "sql/duckdb_boundary.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace luma::sql {
namespace {

using duckdb::ExceptionType;

// Keys under which a Status travels inside a DuckDB exception.
constexpr const char* kCodeKey = "luma_code";
constexpr const char* kSqlStateKey = "luma_sqlstate";
constexpr const char* kHintKey = "luma_hint";

struct Mapping {
  StatusCode code;
  const char* sqlstate;
};

std::string Info(const duckdb::ErrorData& error, const std::string& key) {
  const auto& info = error.ExtraInfo();
  const auto found = info.find(key);
  return found == info.end() ? std::string() : found->second;
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

Mapping MapMissingEntry(std::string_view kind) {
  if (kind == "Schema") return {StatusCode::kNotFound, "3F000"};
  if (Contains(kind, "Function") || Contains(kind, "Macro")) {
    return {StatusCode::kNotFound, "42883"};
  }
  if (kind == "Type" || kind == "configuration parameter") {
    return {StatusCode::kNotFound, "42704"};
  }
  return {StatusCode::kNotFound, "42P01"};
}

Mapping MapExistingEntry(std::string_view kind) {
  if (kind == "Schema") return {StatusCode::kAlreadyExists, "42P06"};
  if (Contains(kind, "Function") || Contains(kind, "Macro")) {
    return {StatusCode::kAlreadyExists, "42723"};
  }
  if (kind == "Type") return {StatusCode::kAlreadyExists, "42710"};
  return {StatusCode::kAlreadyExists, "42P07"};
}

Mapping MapCatalogError(const duckdb::ErrorData& error, std::string_view message) {
  const std::string subtype = Info(error, "error_subtype");
  if (subtype == "MISSING_ENTRY") return MapMissingEntry(Info(error, "type"));
  if (subtype == "ENTRY_ALREADY_EXISTS") return MapExistingEntry(Info(error, "type"));
  if (Contains(message, "Column with name") && Contains(message, "already exists")) {
    return {StatusCode::kAlreadyExists, "42701"};
  }
  if (Contains(message, "internal catalog entry")) return {StatusCode::kPermissionDenied, "42501"};
  if (Contains(message, "does not have a column")) return {StatusCode::kNotFound, "42703"};
  if (Contains(message, "already exists")) return {StatusCode::kAlreadyExists, "42P07"};
  if (Contains(message, "does not exist") || Contains(message, "could not be found")) {
    return {StatusCode::kNotFound, "42P01"};
  }
  return {StatusCode::kInvalidArgument, "42P17"};
}

Mapping MapBinderError(const duckdb::ErrorData& error, std::string_view message) {
  const std::string subtype = Info(error, "error_subtype");
  if (subtype == "COLUMN_NOT_FOUND") return {StatusCode::kNotFound, "42703"};
  if (subtype == "NO_MATCHING_FUNCTION") return {StatusCode::kNotFound, "42883"};
  if (Contains(message, "mbiguous reference")) return {StatusCode::kInvalidArgument, "42702"};
  if (Contains(message, "does not have a column")) return {StatusCode::kNotFound, "42703"};
  if (Contains(message, "Referenced table")) return {StatusCode::kNotFound, "42P01"};
  if (Contains(message, "must appear in the GROUP BY")) {
    return {StatusCode::kInvalidArgument, "42803"};
  }
  if (Contains(message, "Cannot mix values of type") ||
      Contains(message, "Cannot compare values of type")) {
    return {StatusCode::kInvalidArgument, "42804"};
  }
  return {StatusCode::kInvalidArgument, "42601"};
}

Mapping MapConstraintError(std::string_view message) {
  if (Contains(message, "NOT NULL constraint")) return {StatusCode::kNotNullViolation, "23502"};
  if (Contains(message, "CHECK constraint")) return {StatusCode::kCheckViolation, "23514"};
  if (Contains(message, "foreign key") || Contains(message, "FOREIGN KEY")) {
    return {StatusCode::kForeignKeyViolation, "23503"};
  }
  if (Contains(message, "Duplicate key") || Contains(message, "duplicate key")) {
    return {StatusCode::kUniqueViolation, "23505"};
  }
  return {StatusCode::kConstraint, "23000"};
}

Mapping MapConversionError(std::string_view message) {
  if (Contains(message, "out of range")) return {StatusCode::kOutOfRange, "22003"};
  if (Contains(message, "Unimplemented type for cast")) {
    return {StatusCode::kInvalidArgument, "42846"};
  }
  for (const char* type : {"timestamp", "date field", "time field", "TIMESTAMP", "date/time"}) {
    if (Contains(message, type)) return {StatusCode::kInvalidArgument, "22007"};
  }
  return {StatusCode::kInvalidArgument, "22P02"};
}

Mapping MapError(const duckdb::ErrorData& error, std::string_view message) {
  switch (error.Type()) {
    case ExceptionType::PARSER:
    case ExceptionType::SYNTAX:
      return {StatusCode::kSyntaxError, "42601"};
    case ExceptionType::CATALOG:
      return MapCatalogError(error, message);
    case ExceptionType::BINDER:
    case ExceptionType::EXPRESSION:
    case ExceptionType::PLANNER:
      return MapBinderError(error, message);
    case ExceptionType::CONSTRAINT:
    case ExceptionType::INDEX:
      return MapConstraintError(message);
    case ExceptionType::CONVERSION:
    case ExceptionType::DECIMAL:
      return MapConversionError(message);
    case ExceptionType::OUT_OF_RANGE:
      return {StatusCode::kOutOfRange, "22003"};
    case ExceptionType::DIVIDE_BY_ZERO:
      return {StatusCode::kInvalidArgument, "22012"};
    case ExceptionType::MISMATCH_TYPE:
    case ExceptionType::INVALID_TYPE:
    case ExceptionType::UNKNOWN_TYPE:
      return {StatusCode::kInvalidArgument, "42804"};
    case ExceptionType::PARAMETER_NOT_RESOLVED:
      return {StatusCode::kInvalidArgument, "42P18"};
    case ExceptionType::SEQUENCE:
      return {StatusCode::kOutOfRange, "2200H"};
    case ExceptionType::TRANSACTION:
      if (Contains(message, "onflict")) return {StatusCode::kConflict, "40001"};
      return {StatusCode::kFailedTransaction, "25000"};
    case ExceptionType::DEPENDENCY:
      return {StatusCode::kDependency, "2BP01"};
    case ExceptionType::INTERRUPT:
      return {StatusCode::kCancelled, "57014"};
    case ExceptionType::OUT_OF_MEMORY:
      return {StatusCode::kOutOfMemory, "53200"};
    case ExceptionType::OBJECT_SIZE:
      return {StatusCode::kTooLarge, "54000"};
    case ExceptionType::PERMISSION:
      return {StatusCode::kPermissionDenied, "42501"};
    case ExceptionType::NOT_IMPLEMENTED:
    case ExceptionType::MISSING_EXTENSION:
    case ExceptionType::AUTOLOAD:
      return {StatusCode::kUnsupported, "0A000"};
    case ExceptionType::IO:
      return {StatusCode::kIoError, "58030"};
    case ExceptionType::INTERNAL:
    case ExceptionType::FATAL:
      return {StatusCode::kInternal, "XX000"};
    default:
      return {StatusCode::kInvalidArgument, "22023"};
  }
}

// DuckDB appends the offending line with a caret, which clients draw themselves from the position,
// and to internal errors a stack trace.
std::string WithoutLocation(const std::string& message) {
  const size_t at = std::min(message.find("\n\nLINE "), message.find("\n\nStack Trace:"));
  return at == std::string::npos ? message : message.substr(0, at);
}

// PostgreSQL's words for the errors that drivers and tests recognise by their text.
std::string Reword(const duckdb::ErrorData& error, const Mapping& mapping, std::string message) {
  const std::string name = Info(error, "name");
  if (name.empty()) return message;
  const std::string_view sqlstate = mapping.sqlstate;
  if (sqlstate == "42P01") return "relation \"" + name + "\" does not exist";
  if (sqlstate == "42703") return "column \"" + name + "\" does not exist";
  if (sqlstate == "42P07") return "relation \"" + name + "\" already exists";
  if (sqlstate == "3F000") return "schema \"" + name + "\" does not exist";
  if (sqlstate == "42P06") return "schema \"" + name + "\" already exists";
  return message;
}

int PositionOf(const duckdb::ErrorData& error) {
  const std::string text = Info(error, "position");
  int offset = -1;
  std::from_chars(text.data(), text.data() + text.size(), offset);
  return offset + 1;
}

Status RestoreStatus(const duckdb::ErrorData& error, const std::string& message) {
  int code = static_cast<int>(StatusCode::kInternal);
  const std::string text = Info(error, kCodeKey);
  std::from_chars(text.data(), text.data() + text.size(), code);
  Status status(static_cast<StatusCode>(code), message);
  const std::string sqlstate = Info(error, kSqlStateKey);
  if (!sqlstate.empty()) status = status.WithSqlState(sqlstate);
  const std::string hint = Info(error, kHintKey);
  return hint.empty() ? status : status.WithHint(hint);
}

ExceptionType ExceptionTypeOf(StatusCode code) {
  switch (code) {
    case StatusCode::kConflict:
    case StatusCode::kFailedTransaction:
      return ExceptionType::TRANSACTION;
    case StatusCode::kConstraint:
    case StatusCode::kUniqueViolation:
    case StatusCode::kNotNullViolation:
    case StatusCode::kCheckViolation:
    case StatusCode::kForeignKeyViolation:
      return ExceptionType::CONSTRAINT;
    case StatusCode::kNotFound:
    case StatusCode::kAlreadyExists:
      return ExceptionType::CATALOG;
    case StatusCode::kDependency:
      return ExceptionType::DEPENDENCY;
    case StatusCode::kOutOfMemory:
      return ExceptionType::OUT_OF_MEMORY;
    case StatusCode::kUnsupported:
      return ExceptionType::NOT_IMPLEMENTED;
    case StatusCode::kPermissionDenied:
      return ExceptionType::PERMISSION;
    case StatusCode::kCancelled:
    case StatusCode::kTimeout:
      return ExceptionType::INTERRUPT;
    case StatusCode::kIoError:
    case StatusCode::kDiskFull:
    case StatusCode::kCorruption:
      return ExceptionType::IO;
    default:
      return ExceptionType::INVALID_INPUT;
  }
}

duckdb::unordered_map<duckdb::string, duckdb::string> ExtraInfoOf(const Status& status) {
  duckdb::unordered_map<duckdb::string, duckdb::string> info;
  info[kCodeKey] = std::to_string(static_cast<int>(status.code()));
  info[kSqlStateKey] = std::string(status.sqlstate());
  if (!status.hint().empty()) info[kHintKey] = std::string(status.hint());
  return info;
}

}  // namespace

Status StatusFromDuckDb(const duckdb::ErrorData& error) {
  const std::string message = WithoutLocation(error.RawMessage());
  if (!Info(error, kCodeKey).empty()) return RestoreStatus(error, message);
  const Mapping mapping = MapError(error, message);
  return Status(mapping.code, Reword(error, mapping, message))
      .WithSqlState(mapping.sqlstate)
      .WithSqlPosition(PositionOf(error));
}

Status StatusFromDuckDb(const std::exception& error) {
  return StatusFromDuckDb(duckdb::ErrorData(error));
}

bool IsInstanceInvalidated(const duckdb::ErrorData& error) {
  return error.HasError() && (error.Type() == ExceptionType::FATAL ||
                              Contains(error.RawMessage(), "database has been invalidated"));
}

void ThrowStatus(const Status& status) {
  throw duckdb::Exception(ExceptionTypeOf(status.code()), std::string(status.message()),
                          ExtraInfoOf(status));
}

duckdb::ErrorData ErrorDataOf(const Status& status) {
  return duckdb::ErrorData(duckdb::Exception(ExceptionTypeOf(status.code()),
                                             std::string(status.message()), ExtraInfoOf(status)));
}

}  // namespace luma::sql
