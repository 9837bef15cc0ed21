// Sends the rows of a portal, a bounded piece at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "pgwire/backend_messages.h"
#include "pgwire/value_format.h"
#include "session/session.h"

namespace luma::pgwire {

// One run of one portal: from Begin until Pump says that it is over. Thread-compatible.
class PortalRunner {
 public:
  enum class Progress : uint8_t {
    kMore,       // `out` is full; go on when it has been sent
    kDone,       // the portal is at its end
    kSuspended,  // rows_max rows were sent and there may be more
  };

  PortalRunner(session::Session& session, const FormatSettings& settings, size_t out_bytes_mark,
               size_t row_bytes_max)
      : session_(session),
        settings_(settings),
        out_bytes_mark_(out_bytes_mark),
        row_bytes_max_(row_bytes_max) {}

  // Starts the portal if it has not been. `rows_max` 0: all. `describe`: a RowDescription comes
  // first, as in the simple protocol. Errors: those of the statement; nothing is running then.
  Status Begin(session::Portal& portal, uint64_t rows_max, bool describe, std::string& out);
  // Errors end the run.
  Result<Progress> Pump(std::string& out);

  bool running() const { return portal_ != nullptr; }
  // Of the last run.
  const std::string& completion_tag() const { return completion_tag_; }

 private:
  Status BeginOutput(bool describe, std::string& out);
  Status ResolveFormats();
  // Sends rows of the current batch until `out` is full or rows_left_ is 0.
  Status SendRows(std::string& out);
  Result<Progress> EndOutput(std::string& out);

  session::Session& session_;
  const FormatSettings& settings_;
  const size_t out_bytes_mark_;
  const size_t row_bytes_max_;

  session::Portal* portal_ = nullptr;
  std::vector<ValueFormat> formats_;
  uint64_t rows_left_ = 0;
  uint64_t rows_sent_ = 0;
  std::string completion_tag_;
};

}  // namespace luma::pgwire
