// The one error type of LumaDB. Functions that can fail return Status or Result<T>; no function
// outside src/sql lets an exception exist. See docs/architecture.md, "Errors".
#pragma once

#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace luma {

// A code exists only if a caller would act on it. Each line gives the SQLSTATE, the HTTP status and
// the gRPC status a front end answers with: LUMA_STATUS(name, sqlstate, http, grpc).
#define LUMA_STATUS_CODES(LUMA_STATUS)                                                  \
  LUMA_STATUS(kOk, "00000", 200, OK)                                                    \
  LUMA_STATUS(kInvalidArgument, "22023", 400, INVALID_ARGUMENT)                         \
  LUMA_STATUS(kSyntaxError, "42601", 400, INVALID_ARGUMENT)                             \
  LUMA_STATUS(kOutOfRange, "22003", 400, OUT_OF_RANGE)                                  \
  LUMA_STATUS(kNotFound, "42704", 404, NOT_FOUND)                                       \
  LUMA_STATUS(kAlreadyExists, "42710", 409, ALREADY_EXISTS)                             \
  LUMA_STATUS(kConstraint, "23000", 422, FAILED_PRECONDITION)                           \
  LUMA_STATUS(kUniqueViolation, "23505", 409, ALREADY_EXISTS)                           \
  LUMA_STATUS(kNotNullViolation, "23502", 422, FAILED_PRECONDITION)                     \
  LUMA_STATUS(kCheckViolation, "23514", 422, FAILED_PRECONDITION)                       \
  LUMA_STATUS(kForeignKeyViolation, "23503", 422, FAILED_PRECONDITION)                  \
  LUMA_STATUS(kDependency, "2BP01", 409, FAILED_PRECONDITION)                           \
  LUMA_STATUS(kConflict, "40001", 409, ABORTED) /* first committer wins: try again */   \
  LUMA_STATUS(kFailedTransaction, "25P02", 409, FAILED_PRECONDITION)                    \
  LUMA_STATUS(kReadOnly, "25006", 403, FAILED_PRECONDITION)                             \
  LUMA_STATUS(kPermissionDenied, "42501", 403, PERMISSION_DENIED)                       \
  LUMA_STATUS(kUnauthenticated, "28P01", 401, UNAUTHENTICATED)                          \
  LUMA_STATUS(kCancelled, "57014", 499, CANCELLED)                                      \
  LUMA_STATUS(kTimeout, "57014", 503, DEADLINE_EXCEEDED)                                \
  LUMA_STATUS(kTooManyRequests, "53300", 429, RESOURCE_EXHAUSTED)                       \
  LUMA_STATUS(kOutOfMemory, "53200", 503, RESOURCE_EXHAUSTED) /* budget: try later */   \
  LUMA_STATUS(kDiskFull, "53100", 507, RESOURCE_EXHAUSTED)                              \
  LUMA_STATUS(kTooLarge, "54000", 413, INVALID_ARGUMENT)                                \
  LUMA_STATUS(kUnsupported, "0A000", 501, UNIMPLEMENTED)                                \
  LUMA_STATUS(kUnavailable, "57P03", 503, UNAVAILABLE) /* starting or stopping */       \
  LUMA_STATUS(kIoError, "58030", 500, INTERNAL)                                         \
  LUMA_STATUS(kCorruption, "XX001", 500, DATA_LOSS)                                     \
  LUMA_STATUS(kInternal, "XX000", 500, INTERNAL)

enum class StatusCode : unsigned char {
#define LUMA_STATUS_ENUM(name, sqlstate, http, grpc) name,
  LUMA_STATUS_CODES(LUMA_STATUS_ENUM)
#undef LUMA_STATUS_ENUM
};

std::string_view StatusCodeName(StatusCode code);  // "kCorruption"
std::string_view DefaultSqlState(StatusCode code);
int HttpStatus(StatusCode code);

// A code plus, for errors, a message: lower case, fixed text first, key=value last, no full stop.
// Copying an OK status costs one pointer. Thread-compatible.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message);

  static Status Ok() { return Status(); }

  // Builds the message from its parts as an ostream would: Status::NotFound("no table: name=", n).
#define LUMA_STATUS_FACTORY(name)                                  \
  template <typename... Parts>                                     \
  static Status name(const Parts&... parts) {                      \
    return Status(StatusCode::k##name, Concatenate(parts...));     \
  }
  LUMA_STATUS_FACTORY(InvalidArgument)
  LUMA_STATUS_FACTORY(SyntaxError)
  LUMA_STATUS_FACTORY(OutOfRange)
  LUMA_STATUS_FACTORY(NotFound)
  LUMA_STATUS_FACTORY(AlreadyExists)
  LUMA_STATUS_FACTORY(Constraint)
  LUMA_STATUS_FACTORY(UniqueViolation)
  LUMA_STATUS_FACTORY(NotNullViolation)
  LUMA_STATUS_FACTORY(CheckViolation)
  LUMA_STATUS_FACTORY(ForeignKeyViolation)
  LUMA_STATUS_FACTORY(Dependency)
  LUMA_STATUS_FACTORY(Conflict)
  LUMA_STATUS_FACTORY(FailedTransaction)
  LUMA_STATUS_FACTORY(ReadOnly)
  LUMA_STATUS_FACTORY(PermissionDenied)
  LUMA_STATUS_FACTORY(Unauthenticated)
  LUMA_STATUS_FACTORY(Cancelled)
  LUMA_STATUS_FACTORY(Timeout)
  LUMA_STATUS_FACTORY(TooManyRequests)
  LUMA_STATUS_FACTORY(OutOfMemory)
  LUMA_STATUS_FACTORY(DiskFull)
  LUMA_STATUS_FACTORY(TooLarge)
  LUMA_STATUS_FACTORY(Unsupported)
  LUMA_STATUS_FACTORY(Unavailable)
  LUMA_STATUS_FACTORY(IoError)
  LUMA_STATUS_FACTORY(Corruption)
  LUMA_STATUS_FACTORY(Internal)
#undef LUMA_STATUS_FACTORY

  bool ok() const { return !error_; }
  StatusCode code() const { return error_ ? error_->code : StatusCode::kOk; }
  std::string_view message() const { return error_ ? std::string_view(error_->message) : ""; }

  // The SQLSTATE set by WithSqlState, else the default of the code.
  std::string_view sqlstate() const;
  // 1-based character position in the SQL text, 0 when not known.
  int sql_position() const { return error_ ? error_->sql_position : 0; }
  std::string_view hint() const { return error_ ? std::string_view(error_->hint) : ""; }

  // Each returns a changed copy; on an OK status they change nothing.
  Status WithSqlState(std::string_view five_characters) const;
  Status WithSqlPosition(int position) const;
  Status WithHint(std::string hint) const;
  // Puts "context: " before the message, e.g. the file a parse failed in.
  Status WithContext(std::string_view context) const;

  std::string ToString() const;  // "kCorruption: bad checksum: path=..."

 private:
  struct Error {
    StatusCode code;
    int sql_position = 0;
    std::string message;
    std::string sqlstate;
    std::string hint;
  };

  template <typename... Parts>
  static std::string Concatenate(const Parts&... parts) {
    std::ostringstream out;
    (out << ... << parts);
    return std::move(out).str();
  }
  Status Changed(Error error) const;

  std::shared_ptr<const Error> error_;
};

std::ostream& operator<<(std::ostream& out, const Status& status);

// A value or an error. Reading the value of an error aborts.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Status status) : status_(std::move(status)) {  // NOLINT(google-explicit-constructor)
    LUMA_CHECK(!status_.ok());
  }

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  T& value() & {
    LUMA_CHECK(ok());
    return *value_;
  }
  const T& value() const& {
    LUMA_CHECK(ok());
    return *value_;
  }
  // By value: a reference would dangle in `for (auto& name : *fs.List(path))`.
  T value() && {
    LUMA_CHECK(ok());
    return *std::move(value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  Status status_;
  std::optional<T> value_;
};

#define LUMA_CONCATENATE_INNER(a, b) a##b
#define LUMA_CONCATENATE(a, b) LUMA_CONCATENATE_INNER(a, b)

#define LUMA_RETURN_IF_ERROR(expression)                \
  do {                                                  \
    ::luma::Status luma_status_ = (expression);         \
    if (!luma_status_.ok()) return luma_status_;        \
  } while (false)

// LUMA_ASSIGN_OR_RETURN(auto file, fs.OpenForRead(path));
#define LUMA_ASSIGN_OR_RETURN(declaration, expression) \
  LUMA_ASSIGN_OR_RETURN_INNER(LUMA_CONCATENATE(luma_result_, __LINE__), declaration, expression)
#define LUMA_ASSIGN_OR_RETURN_INNER(result, declaration, expression) \
  auto result = (expression);                                        \
  if (!result.ok()) return result.status();                          \
  declaration = std::move(result).value()

}  // namespace luma
