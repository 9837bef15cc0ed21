#include "sql/prepared_statement.h"

#include <algorithm>
#include <charconv>

#include "sql/column_names.h"
#include "sql/duckdb_boundary.h"
#include "sql/luma_connection.h"
#include "sql/parameter_values.h"
#include "sql/postgres_rewrite.h"
#include "sql/postgres_tree.h"
#include "sql/query_stream.h"
#include "sql/result_types.h"
#include "sql/sql_lexer.h"
#include "sql/statement_guard.h"

namespace luma::sql {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;

size_t ParameterNumber(std::string_view token) {
  size_t number = 0;
  std::from_chars(token.data() + 1, token.data() + token.size(), number);
  return number;
}

std::string CastOf(uint32_t oid) {
  // Text of unknown type takes the type its place asks for, as a quoted literal does.
  constexpr uint32_t kUnknownOid = 705;
  if (oid == 0 || oid == kUnknownOid) return "";
  const LogicalType type = TypeOfOid(oid);
  if (type.id() == LogicalTypeId::INVALID) return "";
  // The scale of a numeric parameter is its value's own.
  return oid == 1700 ? "" : type.ToString();
}

bool IsUnresolved(const LogicalType& type) {
  return type.id() == LogicalTypeId::UNKNOWN || type.id() == LogicalTypeId::INVALID ||
         type.id() == LogicalTypeId::SQLNULL || type.id() == LogicalTypeId::ANY;
}

}  // namespace

std::string LumaPreparedStatement::SqlWithCasts() const {
  const RewrittenStatement rewritten = RewritePostgres(parsed_.text);
  TextEdits edits(rewritten.text);
  for (const Token& token : Tokenize(rewritten.text)) {
    if (token.kind != TokenKind::kParameter) continue;
    const size_t number = ParameterNumber(token.text);
    if (number == 0 || number > casts_.size() || casts_[number - 1].empty()) continue;
    // Without a function around it, a second cast (of the statement's own, or to the type of a
    // column) would change the parameter's type instead of the value's, and DuckDB gives up on two.
    edits.Replace(
        token.offset, token.text.size(),
        "coalesce(CAST(" + std::string(token.text) + " AS " + casts_[number - 1] + "), NULL)");
  }
  return edits.Apply();
}

Result<LumaPreparedStatement::Plan_> LumaPreparedStatement::PlanSql(const std::string& sql) const {
  LUMA_ASSIGN_OR_RETURN(duckdb::Connection* const connection, connection_.Connect());
  return CallDuckDb([&]() -> Result<Plan_> {
    auto statements = connection->ExtractStatements(sql);
    if (statements.size() != 1) {
      return Status::Unsupported("this statement cannot be prepared");
    }
    LUMA_RETURN_IF_ERROR(CheckAllowed(*statements[0]));
    AdaptToPostgres(*statements[0]);
    NameColumnsAsPostgres(*statements[0]);
    auto plan = connection->Prepare(std::move(statements[0]));
    if (plan->HasError()) return StatusFromDuckDb(plan->GetErrorObject());
    return plan;
  });
}

Status LumaPreparedStatement::Plan(std::span<const uint32_t> declared_oids) {
  const auto count = static_cast<size_t>(parsed_.parameter_count);
  casts_.assign(count, "");
  oids_.assign(count, 0);
  types_.assign(count, LogicalType(LogicalTypeId::UNKNOWN));
  for (size_t i = 0; i < std::min(count, declared_oids.size()); ++i) {
    oids_[i] = declared_oids[i];
    casts_[i] = CastOf(declared_oids[i]);
  }
  return PlanInferring();
}

Status LumaPreparedStatement::PlanInferring() {
  LUMA_ASSIGN_OR_RETURN(plan_, PlanSql(SqlWithCasts()));
  plan_connection_number_ = connection_.connection_number();
  if (plan_->data->properties.bound_all_parameters) return TakeTypes();
  LUMA_RETURN_IF_ERROR(TakeTypes());
  bool changed = false;
  for (size_t i = 0; i < casts_.size(); ++i) {
    if (!casts_[i].empty() || !IsUnresolved(types_[i])) continue;
    casts_[i] = "VARCHAR";
    changed = true;
  }
  // When every parameter has a type and still not all is bound, either one of them is there twice,
  // which only makes DuckDB plan again at each execution, or the types contradict each other.
  if (!changed && HasResultTypes()) return Status::Ok();
  if (!changed) return Status::InvalidArgument("could not determine data type of a parameter");
  LUMA_ASSIGN_OR_RETURN(plan_, PlanSql(SqlWithCasts()));
  return TakeTypes();
}

bool LumaPreparedStatement::HasResultTypes() const {
  return std::ranges::none_of(plan_->GetTypes(), IsUnresolved);
}

Status LumaPreparedStatement::TakeTypes() {
  for (const auto& [name, type] : plan_->GetExpectedParameterTypes()) {
    const size_t number = ParameterNumber("$" + name);
    if (number == 0 || number > types_.size()) continue;
    types_[number - 1] = type;
    if (oids_[number - 1] == 0 || oids_[number - 1] == 705) oids_[number - 1] = TypeOid(type);
  }
  for (size_t i = 0; i < types_.size(); ++i) {
    if (oids_[i] == 0) oids_[i] = 25;
  }
  columns_.clear();
  const auto properties = plan_->GetStatementProperties();
  if (properties.return_type == duckdb::StatementReturnType::QUERY_RESULT) {
    columns_ = ResultColumnsOf(plan_->GetNames(), plan_->GetTypes());
  }
  return Status::Ok();
}

void LumaPreparedStatement::SetTextColumn(const std::string& name) {
  columns_ = {ResultColumnOf(name, LogicalType::VARCHAR)};
}

Status LumaPreparedStatement::Replan() const {
  if (plan_connection_number_ == connection_.connection_number()) return Status::Ok();
  LUMA_ASSIGN_OR_RETURN(plan_, PlanSql(SqlWithCasts()));
  plan_connection_number_ = connection_.connection_number();
  return Status::Ok();
}

Status LumaPreparedStatement::CheckColumns(const duckdb::PendingQueryResult& pending) const {
  if (columns_.empty()) return Status::Ok();
  bool same = pending.types.size() == columns_.size();
  for (size_t i = 0; same && i < columns_.size(); ++i) {
    same = TypeOid(pending.types[i]) == columns_[i].type_oid;
  }
  if (same) return Status::Ok();
  return Status::Unsupported("cached plan must not change result type");
}

Result<duckdb::unique_ptr<duckdb::QueryResult>> LumaPreparedStatement::Run(
    std::span<const Parameter> parameters) const {
  if (parameters.size() != types_.size()) {
    return Status::InvalidArgument("wrong number of parameters: expected=", types_.size(),
                                   " got=", parameters.size())
        .WithSqlState("08P01");
  }
  LUMA_RETURN_IF_ERROR(Replan());
  LUMA_ASSIGN_OR_RETURN(duckdb::Connection* const connection, connection_.Connect());
  duckdb::case_insensitive_map_t<duckdb::BoundParameterData> values;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const LogicalType type = IsUnresolved(types_[i]) ? LogicalType::VARCHAR : types_[i];
    auto value = ValueFromParameter(*connection->context, parameters[i], oids_[i], type);
    if (!value.ok()) return value.status();
    values.emplace(std::to_string(i + 1), duckdb::BoundParameterData(std::move(*value)));
  }
  return CallDuckDb([&]() -> Result<duckdb::unique_ptr<duckdb::QueryResult>> {
    auto pending = plan_->PendingQuery(values, /*allow_stream_result=*/true);
    if (pending->HasError()) pending->ThrowError();
    const Status same_columns = CheckColumns(*pending);
    if (!same_columns.ok()) {
      connection->context->CancelTransaction();  // the query has begun but nothing has run
      return same_columns;
    }
    auto result = pending->Execute();
    if (result->HasError()) result->ThrowError();
    return result;
  });
}

}  // namespace luma::sql
