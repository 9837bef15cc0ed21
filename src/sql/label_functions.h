// SQL functions over label sets in canonical bytes (docs/formats/labels.md), which the relations of
// metrics are made of.
//
//   luma_labels(BLOB) -> MAP(VARCHAR, VARCHAR)   every label but __name__
//   luma_label(BLOB, VARCHAR) -> VARCHAR         one label's value; null when it is absent
#pragma once

#include <vector>

#include "sql/duckdb_headers.h"

namespace luma::sql {

std::vector<duckdb::ScalarFunctionSet> LabelFunctions();

}  // namespace luma::sql
