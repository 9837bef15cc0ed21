// SQL cursors as portals.
#include <algorithm>
#include <utility>

#include "session/session.h"

namespace luma::session {
namespace {

// A prepared cursor statement; DECLARE has the plan of its query.
class PreparedCursor final : public sql::PreparedStatement {
 public:
  PreparedCursor(sql::ParsedStatement parsed, std::vector<sql::ResultColumn> columns,
                 std::shared_ptr<const sql::PreparedStatement> query)
      : parsed_(std::move(parsed)), columns_(std::move(columns)), query_(std::move(query)) {
    if (query_ != nullptr) oids_ = query_->parameter_oids();
  }
  const sql::ParsedStatement& parsed() const override { return parsed_; }
  const std::vector<uint32_t>& parameter_oids() const override { return oids_; }
  const std::vector<sql::ResultColumn>& columns() const override { return columns_; }
  const std::shared_ptr<const sql::PreparedStatement>& query() const { return query_; }

 private:
  const sql::ParsedStatement parsed_;
  const std::vector<sql::ResultColumn> columns_;
  const std::shared_ptr<const sql::PreparedStatement> query_;
  std::vector<uint32_t> oids_;
};

}  // namespace

Result<Portal*> Session::FindCursor(std::string_view name) {
  const auto found = portals_.find(name);
  if (found != portals_.end() && found->second.started) return &found->second;
  return Status::NotFound("cursor \"", name, "\" does not exist").WithSqlState("34000");
}

Result<sql::ParsedStatement> Session::ParseCursorQuery(std::string_view text) {
  LUMA_ASSIGN_OR_RETURN(auto statements, connection().Parse(text));
  const bool is_query =
      statements.size() == 1 && statements.front().kind == sql::StatementKind::kSelect;
  if (is_query) return std::move(statements.front());
  return Status::SyntaxError("a cursor needs a query");
}

Result<Session::Prepared> Session::PrepareCursor(const sql::ParsedStatement& statement,
                                                 const CursorStatement& cursor,
                                                 std::span<const uint32_t> oids) {
  std::vector<sql::ResultColumn> columns;
  Prepared query;
  if (cursor.action == CursorStatement::Action::kDeclare) {
    LUMA_ASSIGN_OR_RETURN(
        const auto parsed,
        ParseCursorQuery(std::string_view(statement.text).substr(cursor.query_offset)));
    LUMA_ASSIGN_OR_RETURN(query, connection().Prepare(parsed, oids));
  } else if (cursor.action == CursorStatement::Action::kFetch) {
    LUMA_ASSIGN_OR_RETURN(const Portal* portal, FindCursor(cursor.name));
    const auto known = ColumnsOf(*portal);
    columns.assign(known.begin(), known.end());
  }
  return Prepared(
      std::make_shared<PreparedCursor>(statement, std::move(columns), std::move(query)));
}

Status Session::RunCursorStatement(Portal& portal, const CursorStatement& cursor) {
  switch (cursor.action) {
    case CursorStatement::Action::kDeclare:
      portal.finished = true;
      return DeclareCursor(portal, cursor);
    case CursorStatement::Action::kFetch: {
      LUMA_ASSIGN_OR_RETURN(const Portal* source, FindCursor(cursor.name));
      Resume(*source);
      portal.rows = source->rows;
      portal.fetch_rows_left = cursor.rows;
      return Status::Ok();
    }
    case CursorStatement::Action::kMove:
      portal.finished = true;
      return MoveCursor(portal, cursor);
    case CursorStatement::Action::kClose:
      portal.finished = true;
      return CloseCursor(cursor);
  }
  return Status::Ok();
}

// The rows of a cursor WITH HOLD are read at once: they must not need its transaction.
Status Session::DeclareCursor(const Portal& portal, const CursorStatement& cursor) {
  const bool in_transaction = implicit_ || transaction_state() != sql::TransactionState::kIdle;
  if (!in_transaction && !cursor.with_hold) {
    return Status::InvalidArgument("DECLARE CURSOR can only be used in transaction blocks")
        .WithSqlState("25P01");
  }
  if (portals_.contains(cursor.name)) {
    return Status::AlreadyExists("cursor \"", cursor.name, "\" already exists")
        .WithSqlState("42P03");
  }
  if (portals_.size() >= limits_.portals_max) {
    return Status::TooLarge("too many portals: limit=", limits_.portals_max);
  }
  Portal source;
  if (portal.prepared != nullptr) {
    source.prepared = static_cast<const PreparedCursor&>(*portal.prepared).query();
    source.statement = source.prepared->parsed();
    source.parameters = portal.parameters;
  } else {
    LUMA_ASSIGN_OR_RETURN(
        source.statement,
        ParseCursorQuery(std::string_view(portal.statement.text).substr(cursor.query_offset)));
  }
  source.started = true;
  source.holds = cursor.with_hold;
  LUMA_RETURN_IF_ERROR(SetAsideOthers(nullptr));
  LUMA_RETURN_IF_ERROR(OpenRows(source));
  if (source.holds) LUMA_RETURN_IF_ERROR(source.rows->SetAside(limits_.set_aside_bytes_max));
  source.committed = source.holds && !in_transaction;
  portals_.emplace(cursor.name, std::move(source));
  return Status::Ok();
}

Status Session::MoveCursor(Portal& portal, const CursorStatement& cursor) {
  LUMA_ASSIGN_OR_RETURN(Portal * source, FindCursor(cursor.name));
  Resume(*source);
  uint64_t moved = 0;
  while (moved < cursor.rows) {
    LUMA_ASSIGN_OR_RETURN(const bool has_row, HasRow(*source));
    if (!has_row) break;
    const uint32_t row = source->rows->row();
    const auto step = std::min<uint64_t>(cursor.rows - moved, source->rows->row_end() - row);
    source->rows->AdvanceTo(row + static_cast<uint32_t>(step));
    moved += step;
  }
  portal.statement.command_tag = "MOVE " + std::to_string(moved);
  return Status::Ok();
}

Status Session::CloseCursor(const CursorStatement& cursor) {
  if (cursor.name.empty()) {
    std::erase_if(portals_,
                  [](const auto& entry) { return entry.second.started && !entry.first.empty(); });
    return Status::Ok();
  }
  LUMA_RETURN_IF_ERROR(FindCursor(cursor.name).status());
  ClosePortal(cursor.name);
  return Status::Ok();
}

}  // namespace luma::session
