#include "sql/copy_rows.h"

#include "sql/duckdb_boundary.h"
#include "sql/luma_connection.h"
#include "sql/parameter_values.h"
#include "sql/query_stream.h"
#include "sql/statement_guard.h"

namespace luma::sql {
namespace {

using duckdb::idx_t;

// Rows gathered before they are stored. They are memory that no budget knows of.
constexpr size_t kGatheredBytesMax = 16 << 20;

// DuckDB's appender fills in defaults and runs an INSERT every 200,000 rows. Its destructor stores
// what is left over, in a transaction of its own when none is open: never what a failed COPY wants.
class RowAppender final : public duckdb::Appender {
 public:
  using Appender::Appender;
  void Discard() { collection->Reset(); }
};

class CopyRows final : public CopyIn {
 public:
  CopyRows(LumaConnection& connection, duckdb::Connection& duckdb_connection,
           std::unique_ptr<RowAppender> appender, std::string table, bool own_transaction)
      : connection_(connection),
        context_(*duckdb_connection.context),
        appender_(std::move(appender)),
        table_(std::move(table)),
        own_transaction_(own_transaction) {
    chunk_.Initialize(context_, appender_->GetActiveTypes());
  }

  ~CopyRows() override {
    if (finished_) return;
    static_cast<void>(Fail(Status::Cancelled("COPY was not finished")).ok());
  }

  void SetColumns(std::vector<ResultColumn> columns) { columns_ = std::move(columns); }
  const std::vector<ResultColumn>& columns() const override { return columns_; }

  Status AppendRows(std::span<const std::optional<std::string_view>> fields) override {
    const size_t width = columns_.size();
    if (width == 0 || fields.size() % width != 0) {
      return Fail(
          Status::InvalidArgument("COPY row has the wrong number of columns: expected=", width));
    }
    for (size_t first = 0; first < fields.size(); first += width) {
      const Status status = CallDuckDb([&] { return AppendRow(fields.subspan(first, width)); });
      if (!status.ok()) return Fail(status);
    }
    return Status::Ok();
  }

  Result<uint64_t> Finish() override {
    const Status flushed = CallDuckDb([&] {
      FlushChunk();
      appender_->Close();
    });
    if (!flushed.ok()) return Fail(flushed);
    finished_ = true;
    connection_.FinishStatement();
    if (own_transaction_) LUMA_RETURN_IF_ERROR(connection_.CommitOwnTransaction());
    return row_count_;
  }

 private:
  // Throws what DuckDB throws.
  Status AppendRow(std::span<const std::optional<std::string_view>> fields) {
    ++row_count_;
    const idx_t row = chunk_.size();
    for (size_t column = 0; column < fields.size(); ++column) {
      const auto& type = chunk_.data[column].GetType();
      if (!fields[column]) {
        chunk_.SetValue(column, row, duckdb::Value(type));
        continue;
      }
      const auto value = ValueFromText(context_, *fields[column], type);
      if (!value.ok()) {
        return value.status().WithContext("COPY " + table_ + ", line " +
                                          std::to_string(row_count_) + ", column " +
                                          columns_[column].name);
      }
      chunk_.SetValue(column, row, *value);
      gathered_bytes_ += fields[column]->size();
    }
    chunk_.SetCardinality(row + 1);
    const bool is_large = gathered_bytes_ >= kGatheredBytesMax;
    if (chunk_.size() < STANDARD_VECTOR_SIZE && !is_large) return Status::Ok();
    FlushChunk();
    if (is_large) Store();
    return Status::Ok();
  }

  void FlushChunk() {
    if (chunk_.size() == 0) return;
    appender_->AppendDataChunk(chunk_);
    chunk_.Reset();
  }

  void Store() {
    appender_->Flush();
    gathered_bytes_ = 0;
  }

  void Discard() {
    finished_ = true;
    appender_->Discard();
  }

  Status Fail(const Status& status) {
    Discard();
    return connection_.FinishWithError(status);
  }

  LumaConnection& connection_;
  duckdb::ClientContext& context_;
  const std::unique_ptr<RowAppender> appender_;
  const std::string table_;
  const bool own_transaction_;
  std::vector<ResultColumn> columns_;
  duckdb::DataChunk chunk_;
  uint64_t row_count_ = 0;
  size_t gathered_bytes_ = 0;  // since the appender was last flushed by us
  bool finished_ = false;
};

}  // namespace

Result<std::unique_ptr<CopyIn>> BeginCopyRows(LumaConnection& connection, const CopyOptions& copy) {
  LUMA_ASSIGN_OR_RETURN(duckdb::Connection * duckdb_connection, connection.Connect());
  const bool own_transaction = !duckdb_connection->HasActiveTransaction();
  LUMA_RETURN_IF_ERROR(connection.BeginOwnTransaction());
  LUMA_ASSIGN_OR_RETURN(duckdb_connection, connection.Connect());  // it may be another one now
  return CallDuckDb([&]() -> Result<std::unique_ptr<CopyIn>> {
    const auto name = duckdb::QualifiedName::Parse(copy.table);
    LUMA_RETURN_IF_ERROR(CheckChangeIn(name.schema));
    auto appender =
        std::make_unique<RowAppender>(*duckdb_connection, name.catalog, name.schema, name.name);
    for (const std::string& column : copy.columns) appender->AddColumn(column);
    const auto types = appender->GetActiveTypes();
    auto rows = std::make_unique<CopyRows>(connection, *duckdb_connection, std::move(appender),
                                           name.name, own_transaction);
    duckdb::vector<duckdb::string> names;
    if (copy.columns.empty()) {
      const auto table = duckdb_connection->TableInfo(name.catalog, name.schema, name.name);
      for (const auto& column : table->columns) {
        if (!column.Generated()) names.push_back(column.Name());
      }
    } else {
      names.assign(copy.columns.begin(), copy.columns.end());
    }
    rows->SetColumns(ResultColumnsOf(names, types));
    return std::unique_ptr<CopyIn>(std::move(rows));
  });
}

}  // namespace luma::sql
