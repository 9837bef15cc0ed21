// Rows of result batches as DataRow messages.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "pgwire/backend_messages.h"
#include "pgwire/value_format.h"
#include "sql/database.h"

namespace luma::pgwire {

// The format of every column: none given means text, one stands for all. Errors: 08P01 for another
// count, 22023 for an unknown code, kUnsupported for a type without binary form.
Result<std::vector<ValueFormat>> ResolveResultFormats(std::span<const int16_t> codes,
                                                      std::span<const sql::ResultColumn> columns);

// Appends rows from `row` on until `out` holds `out_bytes_mark` bytes; returns the row after the
// last one written (at least one is). Errors: 54000 for a row of more than `row_bytes_max` bytes,
// those of AppendBinaryValue; `out` then ends with the row before it.
Result<uint32_t> EncodeRows(const sql::ResultBatch& batch, uint32_t row, uint32_t row_end,
                            std::span<const sql::ResultColumn> columns,
                            std::span<const ValueFormat> formats, const FormatSettings& settings,
                            size_t out_bytes_mark, size_t row_bytes_max, std::string& out);

}  // namespace luma::pgwire
