// Rows as COPY TO STDOUT writes them, in text and CSV.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/status.h"
#include "pgwire/value_format.h"
#include "sql/database.h"

namespace luma::pgwire {

// One CopyData message per row, as PostgreSQL sends them. Stateless but for its settings.
class CopyWriter {
 public:
  // `options` and `columns` must outlive the writer.
  CopyWriter(const sql::CopyOptions& options, std::span<const sql::ResultColumn> columns,
             const FormatSettings& settings)
      : options_(options), columns_(columns), settings_(settings) {}

  void WriteHeader(std::string& out) const;
  // Errors: 54000 for a row of more than `row_bytes_max` bytes; `out` is then unchanged.
  Status WriteRow(const sql::ResultBatch& batch, uint32_t row, size_t row_bytes_max,
                  std::string& out) const;

 private:
  void AppendField(std::string_view value, std::string& out) const;
  void AppendTextField(std::string_view value, std::string& out) const;
  void AppendCsvField(std::string_view value, std::string& out) const;
  bool NeedsQuotes(std::string_view value) const;

  const sql::CopyOptions& options_;
  std::span<const sql::ResultColumn> columns_;
  const FormatSettings& settings_;
};

}  // namespace luma::pgwire
