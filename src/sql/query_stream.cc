#include "sql/query_stream.h"

#include "sql/duckdb_boundary.h"
#include "sql/luma_connection.h"
#include "sql/result_batches.h"
#include "sql/result_types.h"

namespace luma::sql {
namespace {

using BatchPtr = std::shared_ptr<const ResultBatch>;

class QueryStream final : public ResultStream {
 public:
  QueryStream(LumaConnection& connection, duckdb::unique_ptr<duckdb::QueryResult> result)
      : connection_(connection), result_(std::move(result)) {
    counts_only_ = result_->properties.return_type != duckdb::StatementReturnType::QUERY_RESULT;
    if (!counts_only_) columns_ = ResultColumnsOf(result_->names, result_->types);
  }

  // Dropped before its end: DuckDB must let go of the statement, and of its transaction.
  ~QueryStream() override {
    if (done_) return;
    Finish();
    const auto connected = connection_.Connect();
    if (!connected.ok()) return;
    const Status cancelled = CallDuckDb([&] { (*connected)->context->CancelTransaction(); });
    static_cast<void>(cancelled.ok());  // nothing more can be done for a result nobody wants
  }

  const std::vector<ResultColumn>& columns() const override { return columns_; }
  uint64_t affected_rows() const override { return affected_rows_; }

  Result<BatchPtr> Next() override {
    while (!done_) {
      LUMA_ASSIGN_OR_RETURN(auto chunk, Fetch());
      if (!chunk) {
        Finish();
        break;
      }
      if (counts_only_) {
        CountRows(*chunk);
        continue;
      }
      affected_rows_ += chunk->size();
      auto batch = CallDuckDb([&] { return ToResultBatch(std::move(chunk)); });
      if (!batch.ok()) return Fail(batch.status());
      return batch;
    }
    return BatchPtr();
  }

 private:
  Result<duckdb::unique_ptr<duckdb::DataChunk>> Fetch() {
    duckdb::unique_ptr<duckdb::DataChunk> chunk;
    duckdb::ErrorData error;
    if (!result_->TryFetch(chunk, error) || result_->HasError()) {
      done_ = true;
      if (result_->HasError()) error = result_->GetErrorObject();
      return connection_.FinishWithError(error);
    }
    return chunk;
  }

  Status Fail(Status status) {
    done_ = true;
    return connection_.FinishWithError(std::move(status));
  }

  void Finish() {
    done_ = true;
    connection_.FinishStatement();
  }

  // INSERT and the like, CREATE TABLE AS too, give one row with a BIGINT; other definitions give
  // none or a boolean.
  void CountRows(const duckdb::DataChunk& chunk) {
    const bool counts = chunk.ColumnCount() == 1 && chunk.size() == 1 &&
                        chunk.data[0].GetType() == duckdb::LogicalType::BIGINT;
    if (!counts) return;
    affected_rows_ += static_cast<uint64_t>(chunk.GetValue(0, 0).GetValue<int64_t>());
  }

  LumaConnection& connection_;
  duckdb::unique_ptr<duckdb::QueryResult> result_;
  std::vector<ResultColumn> columns_;
  bool counts_only_ = false;
  bool done_ = false;
  uint64_t affected_rows_ = 0;
};

class EmptyResult final : public ResultStream {
 public:
  const std::vector<ResultColumn>& columns() const override { return columns_; }
  Result<BatchPtr> Next() override { return BatchPtr(); }
  uint64_t affected_rows() const override { return 0; }

 private:
  std::vector<ResultColumn> columns_;
};

class TextResult final : public ResultStream {
 public:
  TextResult(std::vector<std::string> names, std::vector<std::vector<std::string>> rows)
      : rows_(std::move(rows)) {
    for (std::string& name : names) {
      columns_.push_back(ResultColumnOf(name, duckdb::LogicalType::VARCHAR));
    }
  }
  const std::vector<ResultColumn>& columns() const override { return columns_; }
  uint64_t affected_rows() const override { return rows_.size(); }

  Result<BatchPtr> Next() override {
    if (done_) return BatchPtr();
    done_ = true;
    auto values = std::make_shared<std::vector<std::vector<StringRef>>>(columns_.size());
    auto batch = std::make_shared<ResultBatch>();
    batch->row_count = static_cast<uint32_t>(rows_.size());
    for (size_t column = 0; column < columns_.size(); ++column) {
      for (const auto& row : rows_) (*values)[column].emplace_back(std::string_view(row[column]));
      batch->columns.push_back(
          {.type = PhysicalType::kBytes,
           .count = batch->row_count,
           .values = reinterpret_cast<const std::byte*>((*values)[column].data())});
    }
    batch->owner = std::move(values);
    return BatchPtr(std::move(batch));
  }

 private:
  std::vector<ResultColumn> columns_;
  const std::vector<std::vector<std::string>> rows_;
  bool done_ = false;
};

}  // namespace

std::vector<ResultColumn> ResultColumnsOf(const duckdb::vector<duckdb::string>& names,
                                          const duckdb::vector<duckdb::LogicalType>& types) {
  std::vector<ResultColumn> columns;
  for (size_t i = 0; i < types.size(); ++i) columns.push_back(ResultColumnOf(names[i], types[i]));
  return columns;
}

std::unique_ptr<ResultStream> StreamQuery(LumaConnection& connection,
                                          duckdb::unique_ptr<duckdb::QueryResult> result) {
  return std::make_unique<QueryStream>(connection, std::move(result));
}

std::unique_ptr<ResultStream> EmptyStream() { return std::make_unique<EmptyResult>(); }

std::unique_ptr<ResultStream> TextStream(std::vector<std::string> names,
                                         std::vector<std::vector<std::string>> rows) {
  return std::make_unique<TextResult>(std::move(names), std::move(rows));
}

}  // namespace luma::sql
