// From the first byte of a connection to its login, as a machine without sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "pgwire/frame_buffer.h"
#include "pgwire/startup_packet.h"
#include "session/auth.h"

namespace luma::pgwire {

//   startup packet --+-- SSLRequest, GSSENCRequest (each once): 'N', again
//                    +-- CancelRequest: done
//                    +-- parameters --+-- trust ------------------------------> logged in
//                                     +-- MD5 challenge --> PasswordMessage --> logged in or
//                                     refused
//
// Nothing sent before the login has any other effect. Thread-compatible.
class Handshake {
 public:
  enum class Outcome : uint8_t {
    kNeedInput,      // send the output, then wait for more bytes
    kLoggedIn,       // parameters() is who; AuthenticationOk is in the output
    kCancel,         // cancel_request() is which; close without an answer
    kRefused,        // send the output, then close
    kWrongPassword,  // as kRefused
  };

  // `auth` outlives the handshake. `databases`: names a client may ask for besides its own.
  Handshake(const session::AuthConfig& auth, std::vector<std::string> databases)
      : auth_(auth), databases_(std::move(databases)) {}

  // Handles what is complete in `input`; appends answers to `out`.
  Outcome Step(FrameBuffer& input, std::string& out);

  const StartupParameters& parameters() const { return parameters_; }
  const CancelRequest& cancel_request() const { return cancel_request_; }

 private:
  Outcome StepStartup(FrameBuffer& input, std::string& out);
  Outcome StepPassword(FrameBuffer& input, std::string& out);
  // Refuses encryption; `asked` tells whether the client asked for this kind before.
  Outcome RefuseEncryption(bool& asked, const FrameBuffer& input, std::string& out);
  Outcome StartLogin(StartupParameters parameters, std::string& out);
  Outcome LogIn(std::string& out);
  Outcome Refuse(const Status& status, std::string& out);
  bool IsKnownDatabase() const;

  const session::AuthConfig& auth_;
  const std::vector<std::string> databases_;
  bool ssl_asked_ = false;
  bool gss_asked_ = false;
  std::optional<session::Md5Challenge> challenge_;  // once parameters_ are known
  StartupParameters parameters_;
  CancelRequest cancel_request_;
};

}  // namespace luma::pgwire
