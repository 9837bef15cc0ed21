#include "base/status.h"

#include <ostream>

namespace luma {
namespace {

struct CodeRow {
  std::string_view name;
  std::string_view sqlstate;
  int http_status;
};

constexpr CodeRow kCodeRows[] = {
#define LUMA_STATUS_ROW(name, sqlstate, http, grpc) {#name, sqlstate, http},
    LUMA_STATUS_CODES(LUMA_STATUS_ROW)
#undef LUMA_STATUS_ROW
};

const CodeRow& RowOf(StatusCode code) { return kCodeRows[static_cast<size_t>(code)]; }

}  // namespace

std::string_view StatusCodeName(StatusCode code) { return RowOf(code).name; }
std::string_view DefaultSqlState(StatusCode code) { return RowOf(code).sqlstate; }
int HttpStatus(StatusCode code) { return RowOf(code).http_status; }

Status::Status(StatusCode code, std::string message) {
  LUMA_CHECK(code != StatusCode::kOk);
  error_ = std::make_shared<const Error>(Error{code, 0, std::move(message), {}, {}});
}

std::string_view Status::sqlstate() const {
  if (error_ && !error_->sqlstate.empty()) return error_->sqlstate;
  return DefaultSqlState(code());
}

Status Status::Changed(Error error) const {
  Status changed;
  changed.error_ = std::make_shared<const Error>(std::move(error));
  return changed;
}

Status Status::WithSqlState(std::string_view five_characters) const {
  if (ok()) return *this;
  Error error = *error_;
  error.sqlstate = five_characters;
  return Changed(std::move(error));
}

Status Status::WithSqlPosition(int position) const {
  if (ok()) return *this;
  Error error = *error_;
  error.sql_position = position;
  return Changed(std::move(error));
}

Status Status::WithHint(std::string hint) const {
  if (ok()) return *this;
  Error error = *error_;
  error.hint = std::move(hint);
  return Changed(std::move(error));
}

Status Status::WithContext(std::string_view context) const {
  if (ok()) return *this;
  Error error = *error_;
  error.message = std::string(context) + ": " + error.message;
  return Changed(std::move(error));
}

std::string Status::ToString() const {
  if (ok()) return "kOk";
  return std::string(StatusCodeName(code())) + ": " + error_->message;
}

std::ostream& operator<<(std::ostream& out, const Status& status) {
  return out << status.ToString();
}

}  // namespace luma
