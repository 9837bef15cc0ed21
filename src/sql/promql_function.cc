#include "sql/promql_function.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "sql/duckdb_boundary.h"
#include "sql/label_functions.h"
#include "sql/luma_catalog.h"
#include "sql/promql_arguments.h"
#include "sql/query_budget.h"
#include "sql/session_state.h"
#include "sql/statement_tables.h"
#include "storage/metrics/metrics_reader.h"

namespace luma::sql {
namespace {

using duckdb::ClientContext;
using duckdb::DataChunk;
using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::OperatorResultType;
using duckdb::string_t;
using duckdb::Vector;

constexpr int64_t kMicrosPerMilli = 1'000;
enum Column : idx_t { kTs, kMetric, kLabels, kValue, kHistogram };

// Times that no timestamp can show become the last one before infinity.
duckdb::timestamp_t TimestampOf(UnixMillis millis) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max() / kMicrosPerMilli - 1;
  return duckdb::timestamp_t(std::clamp(millis, -kMax, kMax) * kMicrosPerMilli);
}

string_t AddText(Vector& vector, std::string_view text) {
  return duckdb::StringVector::AddString(vector, text.data(), text.size());
}

// Gives an answer away, chunk by chunk. Thread-compatible.
class AnswerRows {
 public:
  AnswerRows(const PromqlEngine& engine, PromqlAnswer answer, std::unique_ptr<QueryBudget> memory)
      : engine_(engine), memory_(std::move(memory)), answer_(std::move(answer)) {}

  // Fills `output`; leaves it empty at the end.
  void Next(DataChunk& output) {
    idx_t count = 0;
    while (count < STANDARD_VECTOR_SIZE && series_ < answer_.series.size()) {
      const SeriesSamples& series = answer_.series[series_];
      const idx_t left = series.timestamps.size() - sample_;
      const idx_t taken = std::min<idx_t>(STANDARD_VECTOR_SIZE - count, left);
      if (taken > 0) Write(series, taken, output, count);
      count += taken;
      sample_ += taken;
      if (taken == left) GoToNextSeries();
    }
    output.SetCardinality(count);
  }

 private:
  void GoToNextSeries() {
    answer_.series[series_] = {};
    ++series_;
    sample_ = 0;
  }

  // Rows from `row` on. What they share, labels and name, they share in the vectors too.
  void Write(const SeriesSamples& series, idx_t count, DataChunk& output, idx_t row) const {
    WriteLabelMap(series.labels, output.data[kLabels], row);
    auto* const labels = FlatVector::GetData<duckdb::list_entry_t>(output.data[kLabels]);
    std::fill_n(labels + row + 1, count - 1, labels[row]);
    WriteMetric(series.labels.metric_name(), count, output.data[kMetric], row);
    auto* const times = FlatVector::GetData<duckdb::timestamp_t>(output.data[kTs]);
    auto* const values = FlatVector::GetData<double>(output.data[kValue]);
    for (idx_t i = 0; i < count; ++i) {
      times[row + i] = TimestampOf(series.timestamps[sample_ + i]);
      values[row + i] = series.values[sample_ + i];
      WriteHistogram(series, sample_ + i, output, row + i);
    }
  }

  static void WriteMetric(std::string_view name, idx_t count, Vector& vector, idx_t row) {
    if (name.empty()) {
      for (idx_t i = row; i < row + count; ++i) FlatVector::SetNull(vector, i, true);
    } else {
      std::fill_n(FlatVector::GetData<string_t>(vector) + row, count, AddText(vector, name));
    }
  }

  void WriteHistogram(const SeriesSamples& series, idx_t sample, DataChunk& output,
                      idx_t row) const {
    const bool is_one = !series.histograms.empty() && series.histograms[sample] != nullptr;
    FlatVector::SetNull(output.data[is_one ? kValue : kHistogram], row, true);
    if (!is_one) return;
    Vector& texts = output.data[kHistogram];
    FlatVector::GetData<string_t>(texts)[row] =
        AddText(texts, engine_.HistogramText(*series.histograms[sample]));
  }

  const PromqlEngine& engine_;
  std::unique_ptr<QueryBudget> memory_;  // of the answer
  PromqlAnswer answer_;
  size_t series_ = 0;
  size_t sample_ = 0;  // of the series
};

// The rows of the arguments, one after the other.
struct PromqlState final : duckdb::LocalTableFunctionState {
  idx_t row = 0;
  std::optional<AnswerRows> answer;
};

LumaCatalog& CatalogOf(ClientContext& context) {
  return duckdb::Catalog::GetCatalog(context, kDatabaseName).Cast<LumaCatalog>();
}

void TellSession(ClientContext& context, const PromqlAnswer& answer) {
  SessionState* const session = SessionState::Find(context);
  if (session == nullptr) return;
  for (const std::string& text : answer.warnings) session->AddNotice({true, text});
  for (const std::string& text : answer.infos) session->AddNotice({false, text});
}

AnswerRows Ask(ClientContext& context, DataChunk& arguments, idx_t row) {
  LumaCatalog& catalog = CatalogOf(context);
  const MetricsAccess& metrics = catalog.metrics_access();
  if (metrics.promql == nullptr || metrics.series == nullptr) {
    ThrowStatus(Status::Unsupported("promql: there are no metrics here"));
  }
  PromqlArguments asked = ReadPromqlArguments(context, arguments, row);
  asked.question.query = asked.query;
  const storage::MetricsReader source(catalog.engine(), *metrics.series,
                                      TablesOf(LumaTransaction::Get(context, catalog)));
  auto memory = std::make_unique<QueryBudget>(context, catalog.engine().budget());
  PromqlAnswer answer = ValueOrThrow(metrics.promql->Ask(asked.question, source, *memory));
  TellSession(context, answer);
  return AnswerRows(*metrics.promql, std::move(answer), std::move(memory));
}

duckdb::unique_ptr<duckdb::FunctionData> Bind(ClientContext&, duckdb::TableFunctionBindInput&,
                                              duckdb::vector<LogicalType>& types,
                                              duckdb::vector<duckdb::string>& names) {
  names = {"ts", "metric", "labels", "value", "histogram"};
  types = {LogicalType::TIMESTAMP_TZ, LogicalType::VARCHAR,
           LogicalType::MAP(LogicalType::VARCHAR, LogicalType::VARCHAR), LogicalType::DOUBLE,
           LogicalType::VARCHAR};
  return duckdb::make_uniq<duckdb::TableFunctionData>();
}

duckdb::unique_ptr<duckdb::LocalTableFunctionState> Init(duckdb::ExecutionContext&,
                                                         duckdb::TableFunctionInitInput&,
                                                         duckdb::GlobalTableFunctionState*) {
  return duckdb::make_uniq<PromqlState>();
}

OperatorResultType Execute(duckdb::ExecutionContext& context, duckdb::TableFunctionInput& function,
                           DataChunk& arguments, DataChunk& output) {
  auto& state = function.local_state->Cast<PromqlState>();
  for (;;) {
    if (context.client.interrupted) throw duckdb::InterruptException();
    if (!state.answer) {
      if (state.row >= arguments.size()) break;
      state.answer.emplace(Ask(context.client, arguments, state.row++));
    }
    state.answer->Next(output);
    if (output.size() > 0) return OperatorResultType::HAVE_MORE_OUTPUT;
    state.answer.reset();
  }
  state.row = 0;
  return OperatorResultType::NEED_MORE_INPUT;
}

duckdb::TableFunction FunctionOf(duckdb::vector<LogicalType> arguments) {
  duckdb::TableFunction function("promql", std::move(arguments), nullptr, Bind, nullptr, Init);
  function.in_out_function = Execute;
  return function;
}

}  // namespace

duckdb::TableFunctionSet PromqlFunctions() {
  const LogicalType text = LogicalType::VARCHAR;
  const LogicalType any = LogicalType::ANY;
  duckdb::TableFunctionSet functions("promql");
  functions.AddFunction(FunctionOf({text}));
  functions.AddFunction(FunctionOf({text, any}));
  functions.AddFunction(FunctionOf({text, any, any, any}));
  return functions;
}

}  // namespace luma::sql
