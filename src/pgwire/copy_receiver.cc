#include "pgwire/copy_receiver.h"

#include <utility>

#include "model/utf8.h"

namespace luma::pgwire {
namespace {

std::vector<std::string> NamesOf(const std::vector<sql::ResultColumn>& columns) {
  std::vector<std::string> names;
  for (const sql::ResultColumn& column : columns) names.push_back(column.name);
  return names;
}

}  // namespace

Result<std::unique_ptr<CopyReceiver>> CopyReceiver::Start(session::Session& session,
                                                          const sql::ParsedStatement& statement,
                                                          size_t line_bytes_max) {
  if (statement.copy.format == sql::CopyFormat::kBinary) {
    return Status::Unsupported("COPY in binary format is not supported");
  }
  LUMA_ASSIGN_OR_RETURN(auto copy_in, session.StartCopyIn(statement));
  return std::unique_ptr<CopyReceiver>(
      new CopyReceiver(session, statement, std::move(copy_in), line_bytes_max));
}

CopyReceiver::CopyReceiver(const session::Session& session, const sql::ParsedStatement& statement,
                           std::unique_ptr<sql::CopyIn> copy_in, size_t line_bytes_max)
    : session_(session),
      table_(statement.copy.table),
      copy_in_(std::move(copy_in)),
      parser_(statement.copy, NamesOf(copy_in_->columns()), line_bytes_max) {}

Status CopyReceiver::Receive(std::string_view data) {
  LUMA_RETURN_IF_ERROR(session_.CheckCancelled());
  return parser_.Feed(data, *this);
}

Result<uint64_t> CopyReceiver::Finish() {
  LUMA_RETURN_IF_ERROR(parser_.Finish(*this));
  return copy_in_->Finish();
}

Status CopyReceiver::AddRow(std::span<const std::optional<std::string_view>> fields) {
  for (const std::optional<std::string_view>& field : fields) {
    const std::string_view text = field.value_or(std::string_view());
    if (!IsValidUtf8(text) || text.find('\0') != std::string_view::npos) {
      return Status::InvalidArgument("invalid byte sequence for encoding \"UTF8\"")
          .WithSqlState("22021");
    }
  }
  return copy_in_->AppendRows(fields);
}

std::string CopyReceiver::Where() const {
  return "COPY " + table_ + ", line " + std::to_string(parser_.line_number());
}

}  // namespace luma::pgwire
