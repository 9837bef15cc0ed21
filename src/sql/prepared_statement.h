// A statement planned once, with parameters.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sql/database.h"
#include "sql/duckdb_headers.h"
#include "sql/text_edits.h"

namespace luma::sql {

class LumaConnection;

// Lifetime: the connection outlives it. A plan made on an earlier DuckDB connection is made again.
class LumaPreparedStatement final : public PreparedStatement {
 public:
  LumaPreparedStatement(LumaConnection& connection, ParsedStatement parsed, bool is_planned)
      : connection_(connection), parsed_(std::move(parsed)), is_planned_(is_planned) {}

  const ParsedStatement& parsed() const override { return parsed_; }
  const std::vector<uint32_t>& parameter_oids() const override { return oids_; }
  const std::vector<ResultColumn>& columns() const override { return columns_; }

  // False for the statements that DuckDB never sees (SET, BEGIN ...).
  bool is_planned() const { return is_planned_; }
  // Resolves parameter and column types. A parameter with a declared type gets a cast to it; one
  // that DuckDB cannot infer is text.
  Status Plan(std::span<const uint32_t> declared_oids);
  void SetTextColumn(const std::string& name);

  Result<duckdb::unique_ptr<duckdb::QueryResult>> Run(std::span<const Parameter> parameters) const;

 private:
  using Plan_ = duckdb::unique_ptr<duckdb::PreparedStatement>;

  std::string SqlWithCasts() const;
  Result<Plan_> PlanSql(const std::string& sql) const;
  Status PlanInferring();
  bool HasResultTypes() const;
  Status TakeTypes();
  Status Replan() const;
  // Errors: kUnsupported when a changed table gives the result other types than columns() says.
  Status CheckColumns(const duckdb::PendingQueryResult& pending) const;

  LumaConnection& connection_;
  const ParsedStatement parsed_;
  const bool is_planned_;
  std::vector<std::string> casts_;  // SQL type of parameter i + 1; empty: inferred
  std::vector<duckdb::LogicalType> types_;
  std::vector<uint32_t> oids_;
  std::vector<ResultColumn> columns_;
  mutable Plan_ plan_;  // a cache: made again when the connection was
  mutable uint64_t plan_connection_number_ = 0;
};

}  // namespace luma::sql
