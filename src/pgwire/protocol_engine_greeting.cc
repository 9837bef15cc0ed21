// Start of a session and the settings it reports.
#include <charconv>

#include "pgwire/protocol_engine.h"
#include "pgwire/server_parameters.h"

namespace luma::pgwire {
namespace {

Status CheckClientEncoding(std::string_view value) {
  if (IsSupportedClientEncoding(value)) return Status::Ok();
  return Status::InvalidArgument("invalid value for parameter \"client_encoding\": \"", value, "\"")
      .WithHint("The only client encoding is UTF8.");
}

void ReadExtraFloatDigits(std::string_view value, FormatSettings& settings) {
  int digits = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), digits);
  if (read.ec == std::errc()) settings.extra_float_digits = digits;
}

}  // namespace

bool ProtocolEngine::Greet(const StartupParameters& parameters, const session::CancelKey& key) {
  reported_ = InitialServerParameters(parameters.user, parameters.application_name);
  for (const auto& [name, value] : parameters.settings) {
    const Status status =
        name == "client_encoding" ? CheckClientEncoding(value) : session_.ApplySetting(name, value);
    if (status.ok()) continue;
    WriteFatal(status);
    return false;
  }
  // Bring reported_ up to date first, so that each parameter is sent once.
  std::string replaced;
  if (!parameters.settings.empty()) UpdateSettings(replaced);
  for (const auto& [name, value] : reported_) WriteParameterStatus(output_, name, value);
  WriteBackendKeyData(output_, key.process_id, key.secret);
  WriteReadyForQuery(output_, sql::TransactionState::kIdle);
  return true;
}

void ProtocolEngine::SendChangedSettings() {
  if (session_.TakeSettingsChanged()) UpdateSettings(output_);
}

void ProtocolEngine::UpdateSettings(std::string& out) {
  for (auto& [name, value] : reported_) {
    if (!IsReportedSetting(name)) continue;
    const std::optional<std::string> now = session_.GetSetting(name);
    if (!now.has_value() || *now == value) continue;
    value = *now;
    WriteParameterStatus(out, name, value);
    if (name != "TimeZone") continue;
    Result<TimeZone> zone = TimeZone::Load(value);
    format_settings_.time_zone = zone.ok() ? *zone : TimeZone();
  }
  const std::optional<std::string> digits = session_.GetSetting("extra_float_digits");
  if (digits.has_value()) ReadExtraFloatDigits(*digits, format_settings_);
  const std::string timeout =
      session_.GetSetting("idle_in_transaction_session_timeout").value_or("0");
  idle_in_transaction_timeout_ = ParseTimeout(timeout);
}

}  // namespace luma::pgwire
