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

// Collects rows into groups, which it hands to the SQL layer. Thread-compatible.
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
  Status Flush();

  // A field of the group: where its bytes are in bytes_, or null.
  struct Field {
    size_t offset = 0;
    size_t size = 0;
    bool is_null = false;
  };

  const session::Session& session_;
  const std::string table_;
  std::unique_ptr<sql::CopyIn> copy_in_;
  CopyParser parser_;
  std::string bytes_;
  std::vector<Field> fields_;
};

}  // namespace luma::pgwire
