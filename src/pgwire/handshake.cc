#include "pgwire/handshake.h"

#include <algorithm>
#include <utility>

#include "pgwire/backend_messages.h"
#include "pgwire/frontend_messages.h"

namespace luma::pgwire {

Handshake::Outcome Handshake::Step(FrameBuffer& input, std::string& out) {
  return challenge_.has_value() ? StepPassword(input, out) : StepStartup(input, out);
}

Handshake::Outcome Handshake::StepStartup(FrameBuffer& input, std::string& out) {
  const auto packet_body = input.NextStartupPacket();
  if (!packet_body.ok()) return Refuse(packet_body.status(), out);
  if (!packet_body->has_value()) return Outcome::kNeedInput;
  Result<StartupPacket> packet = ParseStartupPacket(**packet_body);
  if (!packet.ok()) return Refuse(packet.status(), out);
  if (std::holds_alternative<SslRequest>(*packet)) return RefuseEncryption(ssl_asked_, input, out);
  if (std::holds_alternative<GssEncryptionRequest>(*packet)) {
    return RefuseEncryption(gss_asked_, input, out);
  }
  if (const auto* cancel = std::get_if<CancelRequest>(&*packet)) {
    cancel_request_ = *cancel;
    return Outcome::kCancel;
  }
  const Outcome outcome = StartLogin(std::get<StartupParameters>(*std::move(packet)), out);
  return outcome == Outcome::kNeedInput ? StepPassword(input, out) : outcome;
}

// Bytes behind the request were sent before the client could know the answer: whoever put them
// there hopes that they are taken for part of an encrypted session (CVE-2021-23214).
Handshake::Outcome Handshake::RefuseEncryption(bool& asked, const FrameBuffer& input,
                                               std::string& out) {
  if (std::exchange(asked, true)) {
    return Refuse(Status::InvalidArgument("encryption was requested twice").WithSqlState("08P01"),
                  out);
  }
  if (input.unread_bytes() > 0) {
    return Refuse(Status::InvalidArgument("received unencrypted data after SSL request")
                      .WithSqlState("08P01"),
                  out);
  }
  out.push_back('N');
  return Outcome::kNeedInput;
}

Handshake::Outcome Handshake::StartLogin(StartupParameters parameters, std::string& out) {
  parameters_ = std::move(parameters);
  if (parameters_.minor_version > 0 || !parameters_.protocol_options.empty()) {
    WriteNegotiateProtocolVersion(out, parameters_.protocol_options);
  }
  if (!auth_.AsksForPassword()) return LogIn(out);
  Result<session::Md5Challenge> challenge = session::Md5Challenge::Create();
  if (!challenge.ok()) return Refuse(challenge.status(), out);
  challenge_ = *challenge;
  WriteAuthenticationMd5(out, challenge_->salt());
  return Outcome::kNeedInput;
}

Handshake::Outcome Handshake::StepPassword(FrameBuffer& input, std::string& out) {
  const Result<std::optional<Frame>> frame = input.Next(kPreAuthMessageBytesMax);
  if (!frame.ok()) return Refuse(frame.status(), out);
  if (!frame->has_value()) return Outcome::kNeedInput;
  if (static_cast<FrontendType>((*frame)->type) != FrontendType::kPassword) {
    return Refuse(Status::InvalidArgument("expected password response, got message type ",
                                          int{static_cast<uint8_t>((*frame)->type)})
                      .WithSqlState("08P01"),
                  out);
  }
  const Result<std::string_view> answer = DecodeText((*frame)->body);
  if (!answer.ok()) return Refuse(answer.status(), out);
  if (challenge_->Accepts(auth_, parameters_.user, *answer)) return LogIn(out);
  Refuse(
      Status::Unauthenticated("password authentication failed for user \"", parameters_.user, "\""),
      out);
  return Outcome::kWrongPassword;
}

Handshake::Outcome Handshake::LogIn(std::string& out) {
  WriteAuthenticationOk(out);
  if (IsKnownDatabase()) return Outcome::kLoggedIn;
  return Refuse(Status::NotFound("database \"", parameters_.database, "\" does not exist")
                    .WithSqlState("3D000"),
                out);
}

Handshake::Outcome Handshake::Refuse(const Status& status, std::string& out) {
  WriteError(out, Severity::kFatal, status, {});
  return Outcome::kRefused;
}

bool Handshake::IsKnownDatabase() const {
  return parameters_.database == parameters_.user ||
         std::find(databases_.begin(), databases_.end(), parameters_.database) != databases_.end();
}

}  // namespace luma::pgwire
