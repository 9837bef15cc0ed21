// The PostgreSQL protocol after login, as a machine without sockets: bytes in, bytes out.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "pgwire/backend_messages.h"
#include "pgwire/copy_receiver.h"
#include "pgwire/frame_buffer.h"
#include "pgwire/frontend_messages.h"
#include "pgwire/portal_runner.h"
#include "pgwire/server_parameters.h"
#include "pgwire/startup_packet.h"
#include "session/cancel_registry.h"
#include "session/session.h"

namespace luma::pgwire {

struct EngineLimits {
  uint32_t message_bytes_max = kMessageBytesMaxDefault;
  // Step returns when this much output waits. Large enough that a worker hop per piece costs
  // little, small enough that a client which does not read holds little.
  size_t out_bytes_mark = 256 << 10;
  size_t row_bytes_max = 64 << 20;  // also of a line of COPY FROM
};

// A Query message: its statements, of which those before `next` are done or running.
struct SimpleQuery {
  std::vector<sql::ParsedStatement> statements;
  size_t next = 0;
  bool is_last() const { return next == statements.size(); }
};

// How it runs: the owner appends what the client sent to input(), calls Step on a thread that may
// block, sends output() when Step says so, and calls again.
//
//            +--------- Query ---------> statements left --+--> portal running --+
//   idle ----+--------- Execute -----------------------------^                   |
//    ^  ^    +--------- COPY FROM -----> receiving CopyData                      |
//    |  +------ an error in Parse .. Execute: skip all up to Sync                |
//    +---------------------------------------------------------------------------+
//
// Threads: one at a time, which may change from call to call.
class ProtocolEngine {
 public:
  enum class Outcome : uint8_t {
    kNeedInput,   // nothing to do until more bytes come
    kSendOutput,  // send and clear output(), then call again
    kClose,       // send output(), then close the connection
  };

  ProtocolEngine(session::Session& session, EngineLimits limits);

  FrameBuffer& input() { return input_; }
  std::string& output() { return output_; }

  // Applies the startup parameters and greets the client. False: the output is a refusal, close.
  bool Greet(const StartupParameters& parameters, const session::CancelKey& key);
  Outcome Step();

  // True when a Step would find work. Cheap; for the thread that must not block.
  bool HasWork() const {
    return runner_.running() || (query_.has_value() && copy_ == nullptr) ||
           input_.HasMessage(limits_.message_bytes_max);
  }
  // Between requests and outside of a transaction: the client can be told to go.
  bool IsIdle() const;
  // How long the client may leave the engine waiting in the state it is in; 0: for ever.
  std::chrono::milliseconds patience() const;

  // Appends a FATAL error, after which the connection is to be closed.
  void WriteFatal(const Status& status);

 private:
  Outcome HandleFrame(const Frame& frame);
  Outcome HandleCopyFrame(const Frame& frame);
  Status HandleExtended(const Frame& frame);

  // Simple protocol, and what both have in common.
  void StartQuery(std::string_view body);
  void RunNextStatement();
  Status StartStatement(const sql::ParsedStatement& statement);
  void PumpPortal();
  Status CompleteStatement(std::string_view tag);
  void EndQuery(bool success);
  void SendReady();

  // Extended protocol.
  Status Parse(std::string_view body);
  Status Bind(std::string_view body);
  Status Describe(std::string_view body);
  Status Execute(std::string_view body);
  Status Close(std::string_view body);
  Status DescribeStatement(std::string_view name);
  Status DescribePortal(std::string_view name);
  void Sync();

  Status StartCopyIn(const sql::ParsedStatement& statement);
  Status FinishCopyIn();

  // Reports an error of the request in hand and ends it: the rest of a Query, or all up to Sync.
  void Fail(const Status& status);
  void SendNotices();
  void SendChangedSettings();
  // Reads the session's settings again and appends a ParameterStatus for each that is new.
  void UpdateSettings(std::string& out);

  session::Session& session_;
  const EngineLimits limits_;
  FrameBuffer input_;
  std::string output_;
  FormatSettings format_settings_;
  ServerParameters reported_;  // as last sent
  std::chrono::milliseconds idle_in_transaction_timeout_{0};
  PortalRunner runner_;
  std::optional<SimpleQuery> query_;
  std::unique_ptr<CopyReceiver> copy_;
  int text_offset_ = 0;      // of the statement in hand within its query string
  bool skipping_ = false;    // after an error: everything up to Sync is ignored
  bool output_due_ = false;  // output_ should not wait for more
};

}  // namespace luma::pgwire
