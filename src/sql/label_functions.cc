#include "sql/label_functions.h"

#include "sql/duckdb_boundary.h"

namespace luma::sql {
namespace {

using duckdb::DataChunk;
using duckdb::ExpressionState;
using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::ScalarFunction;
using duckdb::string_t;
using duckdb::Vector;

// Bytes from a query, which may be anything.
LabelsView CheckedLabels(const string_t& bytes) {
  const std::string_view canonical(bytes.GetData(), bytes.GetSize());
  ThrowIfError(CheckCanonical(canonical));
  return LabelsView(canonical);
}

void LabelMap(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::UnifiedVectorFormat format;
  arguments.data[0].ToUnifiedFormat(arguments.size(), format);
  const auto* sets = duckdb::UnifiedVectorFormat::GetData<string_t>(format);
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  for (idx_t row = 0; row < arguments.size(); ++row) {
    const idx_t index = format.sel->get_index(row);
    if (format.validity.RowIsValid(index)) {
      WriteLabelMap(CheckedLabels(sets[index]), result, row);
    } else {
      FlatVector::GetData<duckdb::list_entry_t>(result)[row] = {0, 0};
      FlatVector::SetNull(result, row, true);
    }
  }
  if (arguments.AllConstant()) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

void LabelValue(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::BinaryExecutor::ExecuteWithNulls<string_t, string_t, string_t>(
      arguments.data[0], arguments.data[1], result, arguments.size(),
      [&](const string_t& set, const string_t& name, duckdb::ValidityMask& mask, idx_t row) {
        const std::string_view value = CheckedLabels(set).Get({name.GetData(), name.GetSize()});
        if (value.empty()) {
          mask.SetInvalid(row);
          return string_t();
        }
        return duckdb::StringVector::AddString(result, value.data(), value.size());
      });
}

duckdb::ScalarFunctionSet Single(ScalarFunction function) {
  duckdb::ScalarFunctionSet set(function.name);
  set.AddFunction(std::move(function));
  return set;
}

}  // namespace

void WriteLabelMap(LabelsView labels, Vector& map, idx_t row) {
  const idx_t first = duckdb::ListVector::GetListSize(map);
  idx_t size = first;
  for (const LabelRef& label : labels) {
    if (label.name == kMetricNameLabel) continue;
    duckdb::ListVector::Reserve(map, size + 1);
    Vector& names = duckdb::MapVector::GetKeys(map);
    Vector& values = duckdb::MapVector::GetValues(map);
    FlatVector::GetData<string_t>(names)[size] =
        duckdb::StringVector::AddString(names, label.name.data(), label.name.size());
    FlatVector::GetData<string_t>(values)[size] =
        duckdb::StringVector::AddString(values, label.value.data(), label.value.size());
    ++size;
  }
  FlatVector::GetData<duckdb::list_entry_t>(map)[row] = {first, size - first};
  duckdb::ListVector::SetListSize(map, size);
}

std::vector<duckdb::ScalarFunctionSet> LabelFunctions() {
  std::vector<duckdb::ScalarFunctionSet> functions;
  functions.push_back(Single(
      ScalarFunction("luma_labels", {LogicalType::BLOB},
                     LogicalType::MAP(LogicalType::VARCHAR, LogicalType::VARCHAR), LabelMap)));
  functions.push_back(Single(ScalarFunction("luma_label", {LogicalType::BLOB, LogicalType::VARCHAR},
                                            LogicalType::VARCHAR, LabelValue)));
  return functions;
}

}  // namespace luma::sql
