// SQL functions over label sets in canonical bytes (docs/formats/labels.md), which the relations of
// metrics are made of.
//
//   luma_labels(BLOB) -> MAP(VARCHAR, VARCHAR)   every label but __name__
//   luma_label(BLOB, VARCHAR) -> VARCHAR         one label's value; null when it is absent
#pragma once

#include <vector>

#include "model/labels.h"
#include "sql/duckdb_headers.h"

namespace luma::sql {

// Makes row `row` of `map`, a flat MAP(VARCHAR, VARCHAR), every label but __name__. Rows must be
// written in ascending order.
void WriteLabelMap(LabelsView labels, duckdb::Vector& map, duckdb::idx_t row);

std::vector<duckdb::ScalarFunctionSet> LabelFunctions();

}  // namespace luma::sql
