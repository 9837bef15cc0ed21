// SET, SHOW and RESET of a session.
#include "base/log.h"
#include "sql/duckdb_boundary.h"
#include "sql/luma_connection.h"
#include "sql/query_stream.h"

namespace luma::sql {

Result<std::unique_ptr<ResultStream>> LumaConnection::ExecuteSetting(
    const SettingStatement& setting) {
  using Action = SettingStatement::Action;
  if (state_ == TransactionState::kFailed || implicit_failed_) return FailedTransaction();
  LUMA_RETURN_IF_ERROR(Connect().status());
  switch (setting.action) {
    case Action::kShow:
      return ShowSetting(setting.name);
    case Action::kShowAll:
      return ShowAllSettings();
    case Action::kResetAll:
      ResetSettings(*connection_->context);
      return EmptyStream();
    case Action::kDiscardAll:
      Reset();
      return EmptyStream();
    case Action::kRefused:
      return FinishWithError(
          Status::PermissionDenied("this PRAGMA is not allowed: name=", setting.name));
    case Action::kSet:
    case Action::kReset: {
      const Status status = ChangeSessionSetting(setting);
      if (!status.ok()) return FinishWithError(status);
      return EmptyStream();
    }
    case Action::kNothing:
    case Action::kDuckDb:
      break;
  }
  return EmptyStream();
}

Status LumaConnection::ChangeSessionSetting(const SettingStatement& setting) {
  auto& context = *connection_->context;
  std::optional<std::string> value;
  if (setting.action == SettingStatement::Action::kSet) value = setting.value;
  if (setting.name == "statement_timeout") {
    LUMA_ASSIGN_OR_RETURN(const int64_t milliseconds, ParseTimeout(value.value_or("0")));
    timeout_ = std::chrono::milliseconds(milliseconds);
  }
  if (setting.name == "transaction_read_only") {
    read_only_ = InExplicitTransaction() && IsOn(value.value_or("off"));
    return Status::Ok();
  }
  if (setting.local && duckdb_transaction_) {
    local_settings_.emplace_back(setting.name, ReadSetting(context, setting.name));
  }
  return ChangeSetting(context, setting.name, value);
}

Result<std::unique_ptr<ResultStream>> LumaConnection::ShowSetting(const std::string& name) {
  const auto value = GetSetting(name);
  if (value) return TextStream({name}, {{*value}});
  ParsedStatement show;  // SHOW TABLES, SHOW some_table
  show.kind = StatementKind::kSelect;
  show.text = "SHOW " + name;
  auto stream = ExecuteSql(show);
  if (stream.ok()) return stream;
  return Status::NotFound("unrecognized configuration parameter \"", name, "\"");
}

Result<std::unique_ptr<ResultStream>> LumaConnection::ShowAllSettings() {
  ParsedStatement show;
  show.kind = StatementKind::kSelect;
  show.text = "SELECT name, value AS setting, description FROM duckdb_settings() ORDER BY name";
  return ExecuteSql(show);
}

std::optional<std::string> LumaConnection::GetSetting(std::string_view name) {
  if (!Connect().ok()) return std::nullopt;
  if (name == "transaction_read_only") return IsReadOnly() ? "on" : "off";
  return ReadSetting(*connection_->context, std::string(name));
}

void LumaConnection::Reset() {
  Rollback();
  local_settings_.clear();
  timeout_ = std::chrono::milliseconds(0);
  Disconnect();  // with it go prepared plans, settings and temporary objects
  kept_settings_.reset();
}

}  // namespace luma::sql
