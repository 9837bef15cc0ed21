#include "sql/sequence_functions.h"

#include "sql/luma_catalog.h"
#include "sql/luma_transaction.h"

namespace luma::sql {
namespace {

using duckdb::BoundFunctionExpression;
using duckdb::ClientContext;
using duckdb::DataChunk;
using duckdb::ExpressionState;
using duckdb::LogicalType;
using duckdb::ScalarFunction;
using duckdb::SequenceCatalogEntry;
using duckdb::Vector;

// The sequence is looked up when the call is bound; null for nextval(NULL).
struct SequenceBindData final : duckdb::FunctionData {
  explicit SequenceBindData(SequenceCatalogEntry* found) : sequence(found) {}
  duckdb::unique_ptr<FunctionData> Copy() const override {
    return duckdb::make_uniq<SequenceBindData>(sequence);
  }
  bool Equals(const FunctionData& other) const override {
    return other.Cast<SequenceBindData>().sequence == sequence;
  }
  SequenceCatalogEntry* sequence;
};

SequenceCatalogEntry& FindSequence(duckdb::Binder& binder, const std::string& text) {
  auto name = duckdb::QualifiedName::Parse(text);
  duckdb::Binder::BindSchemaOrCatalog(binder.context, name.catalog, name.schema);
  const duckdb::EntryLookupInfo lookup(duckdb::CatalogType::SEQUENCE_ENTRY, name.name);
  return binder.EntryRetriever()
      .GetEntry(name.catalog, name.schema, lookup)
      ->Cast<SequenceCatalogEntry>();
}

duckdb::unique_ptr<duckdb::FunctionData> BindSequence(
    duckdb::ScalarFunctionBindInput& input, ScalarFunction&,
    duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  if (arguments[0]->HasParameter() ||
      arguments[0]->return_type.id() == duckdb::LogicalTypeId::UNKNOWN) {
    throw duckdb::ParameterNotResolvedException();
  }
  if (!arguments[0]->IsFoldable()) {
    throw duckdb::NotImplementedException("the name of a sequence must be a constant");
  }
  const auto name = duckdb::ExpressionExecutor::EvaluateScalar(input.binder.context, *arguments[0]);
  if (name.IsNull()) return duckdb::make_uniq<SequenceBindData>(nullptr);
  return duckdb::make_uniq<SequenceBindData>(&FindSequence(input.binder, name.ToString()));
}

SequenceCatalogEntry* SequenceOf(ExpressionState& state) {
  const auto& expression = state.expr.Cast<BoundFunctionExpression>();
  return expression.bind_info->Cast<SequenceBindData>().sequence;
}

void SetNull(Vector& result) {
  result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  duckdb::ConstantVector::SetNull(result, true);
}

int64_t NextOf(ClientContext& context, SequenceCatalogEntry& sequence) {
  if (sequence.catalog.IsDuckCatalog()) {  // CREATE TEMP SEQUENCE
    return sequence.NextValue(duckdb::DuckTransaction::Get(context, sequence.catalog));
  }
  return LumaTransaction::Get(context, sequence.catalog).NextValue(ObjectIdOf(sequence));
}

int64_t CurrentOf(ClientContext& context, SequenceCatalogEntry& sequence) {
  if (sequence.catalog.IsDuckCatalog()) return sequence.CurrentValue();
  return LumaTransaction::Get(context, sequence.catalog).CurrentValue(ObjectIdOf(sequence));
}

template <int64_t (*ValueOf)(ClientContext&, SequenceCatalogEntry&)>
void ReadSequence(DataChunk& arguments, ExpressionState& state, Vector& result) {
  SequenceCatalogEntry* sequence = SequenceOf(state);
  if (sequence == nullptr) return SetNull(result);
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  auto* values = duckdb::FlatVector::GetData<int64_t>(result);
  for (duckdb::idx_t i = 0; i < arguments.size(); ++i) {
    values[i] = ValueOf(state.GetContext(), *sequence);
  }
}

void SetSequence(DataChunk& arguments, ExpressionState& state, Vector& result) {
  SequenceCatalogEntry* sequence = SequenceOf(state);
  if (sequence == nullptr) return SetNull(result);
  if (sequence->catalog.IsDuckCatalog()) {
    throw duckdb::NotImplementedException("setval does not support temporary sequences");
  }
  auto& transaction = LumaTransaction::Get(state.GetContext(), sequence->catalog);
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  for (duckdb::idx_t i = 0; i < arguments.size(); ++i) {
    const auto value = arguments.GetValue(1, i);
    const auto is_called =
        arguments.ColumnCount() > 2 ? arguments.GetValue(2, i) : duckdb::Value::BOOLEAN(true);
    result.SetValue(i, value);
    if (value.IsNull() || is_called.IsNull()) continue;
    transaction.SetValue(ObjectIdOf(*sequence), value.GetValue<int64_t>(),
                         is_called.GetValue<bool>());
  }
}

ScalarFunction Function(const char* name, duckdb::vector<LogicalType> arguments,
                        duckdb::scalar_function_t implementation) {
  ScalarFunction function(name, std::move(arguments), LogicalType::BIGINT,
                          std::move(implementation));
  function.bind_extended = BindSequence;
  function.stability = duckdb::FunctionStability::VOLATILE;
  function.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  return function;
}

duckdb::ScalarFunctionSet Single(ScalarFunction function) {
  duckdb::ScalarFunctionSet set(function.name);
  set.AddFunction(std::move(function));
  return set;
}

}  // namespace

std::vector<duckdb::ScalarFunctionSet> SequenceFunctions() {
  std::vector<duckdb::ScalarFunctionSet> functions;
  functions.push_back(Single(Function("nextval", {LogicalType::VARCHAR}, ReadSequence<NextOf>)));
  functions.push_back(Single(Function("currval", {LogicalType::VARCHAR}, ReadSequence<CurrentOf>)));
  duckdb::ScalarFunctionSet setval("setval");
  setval.AddFunction(Function("setval", {LogicalType::VARCHAR, LogicalType::BIGINT}, SetSequence));
  setval.AddFunction(Function(
      "setval", {LogicalType::VARCHAR, LogicalType::BIGINT, LogicalType::BOOLEAN}, SetSequence));
  functions.push_back(std::move(setval));
  return functions;
}

}  // namespace luma::sql
