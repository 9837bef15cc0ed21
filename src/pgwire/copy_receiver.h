// COPY FROM STDIN: from the client's bytes to rows of the table.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "pgwire/copy_parser.h"
#include "session/session.h"

namespace luma::pgwire {

// Hands over row by row, so that an error is told with its line. Thread-compatible.
class CopyReceiver final : private CopyRowSink {
 public:
  // Errors: kUnsupported for the binary format, and those of the statement.
  static Result<std::unique_ptr<CopyReceiver>> Start(session::Session& session,
                                                     const sql::ParsedStatement& statement,
                                                     size_t line_bytes_max);

  size_t column_count() const { return copy_in_->columns().size(); }
  Status Receive(std::string_view data);
  Result<uint64_t> Finish();  // rows copied
  // "COPY people, line 3": where an error of Receive or Finish is.
  std::string Where() const;

 private:
  CopyReceiver(const session::Session& session, const sql::ParsedStatement& statement,
               std::unique_ptr<sql::CopyIn> copy_in, size_t line_bytes_max);

  Status AddRow(std::span<const std::optional<std::string_view>> fields) override;

  const session::Session& session_;
  const std::string table_;
  std::unique_ptr<sql::CopyIn> copy_in_;
  CopyParser parser_;
};

}  // namespace luma::pgwire
