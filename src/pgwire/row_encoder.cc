#include "pgwire/row_encoder.h"

#include "pgwire/wire_writer.h"

namespace luma::pgwire {
namespace {

Status RowTooLarge(size_t row_bytes_max) {
  return Status::TooLarge("result row is too large: limit_bytes=", row_bytes_max);
}

// The bytes of a long text or blob count before they are copied.
size_t VariableBytes(const sql::ResultColumn& column, const ColumnSpan& values, uint32_t row) {
  if (values.type != PhysicalType::kBytes) return 0;
  const size_t size = values.As<StringRef>()[row].size();
  return column.kind == sql::ValueKind::kBlob ? 2 * size : size;
}

Status EncodeRow(const sql::ResultBatch& batch, uint32_t row,
                 std::span<const sql::ResultColumn> columns, std::span<const ValueFormat> formats,
                 const FormatSettings& settings, size_t row_bytes_max, std::string& out) {
  WireWriter writer(out);
  writer.Begin('D');
  writer.Int16(static_cast<int16_t>(columns.size()));
  for (size_t i = 0; i < columns.size(); ++i) {
    const ColumnSpan& values = batch.columns[i];
    if (values.IsNull(row)) {
      writer.NullValue();
      continue;
    }
    if (writer.message_bytes() + VariableBytes(columns[i], values, row) > row_bytes_max) {
      writer.Abandon();
      return RowTooLarge(row_bytes_max);
    }
    writer.BeginValue();
    if (formats[i] == ValueFormat::kText) {
      AppendTextValue(columns[i], values, row, settings, out);
    } else if (const Status status = AppendBinaryValue(columns[i], values, row, out);
               !status.ok()) {
      writer.Abandon();
      return status;
    }
    writer.EndValue();
  }
  writer.End();
  return Status::Ok();
}

}  // namespace

Result<std::vector<ValueFormat>> ResolveResultFormats(std::span<const int16_t> codes,
                                                      std::span<const sql::ResultColumn> columns) {
  if (codes.size() > 1 && codes.size() != columns.size()) {
    return Status::InvalidArgument("bind message has ", codes.size(),
                                   " result formats but query has ", columns.size(), " columns")
        .WithSqlState("08P01");
  }
  std::vector<ValueFormat> formats(columns.size(), ValueFormat::kText);
  for (size_t i = 0; i < formats.size() && !codes.empty(); ++i) {
    const int16_t code = codes[codes.size() == 1 ? 0 : i];
    if (code != 0 && code != 1) return Status::InvalidArgument("unsupported format code: ", code);
    formats[i] = static_cast<ValueFormat>(code);
    if (formats[i] == ValueFormat::kBinary) LUMA_RETURN_IF_ERROR(CheckBinaryFormat(columns[i]));
  }
  return formats;
}

Result<uint32_t> EncodeRows(const sql::ResultBatch& batch, uint32_t row, uint32_t row_end,
                            std::span<const sql::ResultColumn> columns,
                            std::span<const ValueFormat> formats, const FormatSettings& settings,
                            size_t out_bytes_mark, size_t row_bytes_max, std::string& out) {
  do {
    LUMA_RETURN_IF_ERROR(EncodeRow(batch, row, columns, formats, settings, row_bytes_max, out));
    ++row;
  } while (row < row_end && out.size() < out_bytes_mark);
  return row;
}

}  // namespace luma::pgwire
