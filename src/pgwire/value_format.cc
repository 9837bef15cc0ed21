#include "pgwire/value_format.h"

#include <array>
#include <bit>
#include <string_view>

#include "pgwire/array_format.h"
#include "pgwire/binary_from_text.h"
#include "pgwire/datetime_text.h"
#include "pgwire/float_text.h"
#include "pgwire/numeric_format.h"
#include "pgwire/wire_writer.h"

namespace luma::pgwire {
namespace {

using sql::ValueKind;

constexpr std::string_view kHexDigits = "0123456789abcdef";

// A uuid in the order in which it is printed. DuckDB flips the top bit so that signed comparison
// orders uuids.
std::array<uint8_t, 16> UuidBytes(Int128 value) {
  const uint64_t high = static_cast<uint64_t>(value.high) ^ (1ull << 63);
  std::array<uint8_t, 16> bytes;
  for (size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<uint8_t>(high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<uint8_t>(value.low >> (56 - 8 * i));
  }
  return bytes;
}

void AppendHex(uint8_t byte, std::string& out) {
  out.push_back(kHexDigits[byte >> 4]);
  out.push_back(kHexDigits[byte & 15]);
}

void AppendUuidText(Int128 value, std::string& out) {
  const std::array<uint8_t, 16> bytes = UuidBytes(value);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    AppendHex(bytes[i], out);
  }
}

void AppendByteaText(std::string_view value, std::string& out) {
  out += "\\x";
  for (const char byte : value) AppendHex(static_cast<uint8_t>(byte), out);
}

int64_t IntegerAt(ValueKind kind, const ColumnSpan& values, uint32_t row) {
  if (kind == ValueKind::kInt16) return values.As<int16_t>()[row];
  if (kind == ValueKind::kInt32) return values.As<int32_t>()[row];
  return values.As<int64_t>()[row];
}

// The declared width decides: an oid is four bytes although it is kept as an int64.
void AppendIntegerBinary(int64_t value, int16_t type_length, WireWriter& writer) {
  if (type_length == 2) {
    writer.Int16(static_cast<int16_t>(value));
  } else if (type_length == 4) {
    writer.Int32(static_cast<int32_t>(value));
  } else {
    writer.Int64(value);
  }
}

int32_t DateBinary(int32_t days) {
  if (days == kDateInfinity) return INT32_MAX;
  if (days == kDateMinusInfinity) return INT32_MIN;
  return days - kPostgresEpochDays;
}

int64_t TimestampBinary(int64_t micros) {
  if (micros == kTimestampInfinity) return INT64_MAX;
  if (micros == kTimestampMinusInfinity) return INT64_MIN;
  return micros - kPostgresEpochMicros;
}

// Every kind but kRendered.
void AppendBinaryOfKind(const sql::ResultColumn& column, const ColumnSpan& values, uint32_t row,
                        std::string& out) {
  WireWriter writer(out);
  switch (column.kind) {
    case ValueKind::kBool:
      return writer.Byte(values.As<uint8_t>()[row] != 0 ? 1 : 0);
    case ValueKind::kInt16:
    case ValueKind::kInt32:
    case ValueKind::kInt64:
      return AppendIntegerBinary(IntegerAt(column.kind, values, row), column.type_length, writer);
    case ValueKind::kFloat32:
      return writer.Int32(std::bit_cast<int32_t>(values.As<float>()[row]));
    case ValueKind::kFloat64:
      return writer.Int64(std::bit_cast<int64_t>(values.As<double>()[row]));
    case ValueKind::kDecimal:
      return AppendNumericBinary(values.As<Int128>()[row], column.decimal_scale, out);
    case ValueKind::kRendered:
    case ValueKind::kText:
    case ValueKind::kBlob:
      return writer.Raw(values.As<StringRef>()[row].view());
    case ValueKind::kDate:
      return writer.Int32(DateBinary(values.As<int32_t>()[row]));
    case ValueKind::kTime:
      return writer.Int64(values.As<int64_t>()[row]);
    case ValueKind::kTimestamp:
    case ValueKind::kTimestampTz:
      return writer.Int64(TimestampBinary(values.As<int64_t>()[row]));
    case ValueKind::kInterval: {
      const IntervalValue& interval = values.As<IntervalValue>()[row];
      writer.Int64(interval.micros);
      writer.Int32(interval.days);
      return writer.Int32(interval.months);
    }
    case ValueKind::kUuid:
      for (const uint8_t byte : UuidBytes(values.As<Int128>()[row])) {
        writer.Byte(static_cast<char>(byte));
      }
      return;
  }
}

}  // namespace

void AppendTextValue(const sql::ResultColumn& column, const ColumnSpan& values, uint32_t row,
                     const FormatSettings& settings, std::string& out) {
  switch (column.kind) {
    case ValueKind::kBool:
      out.push_back(values.As<uint8_t>()[row] != 0 ? 't' : 'f');
      return;
    case ValueKind::kInt16:
    case ValueKind::kInt32:
    case ValueKind::kInt64:
      out += std::to_string(IntegerAt(column.kind, values, row));
      return;
    case ValueKind::kFloat32:
      return AppendFloat4(values.As<float>()[row], settings.extra_float_digits, out);
    case ValueKind::kFloat64:
      return AppendFloat8(values.As<double>()[row], settings.extra_float_digits, out);
    case ValueKind::kDecimal:
      return AppendNumericText(values.As<Int128>()[row], column.decimal_scale, out);
    case ValueKind::kText:
    case ValueKind::kRendered:
      out += values.As<StringRef>()[row].view();
      return;
    case ValueKind::kBlob:
      return AppendByteaText(values.As<StringRef>()[row].view(), out);
    case ValueKind::kDate:
      return AppendDate(values.As<int32_t>()[row], out);
    case ValueKind::kTime:
      return AppendTime(values.As<int64_t>()[row], out);
    case ValueKind::kTimestamp:
      return AppendTimestamp(values.As<int64_t>()[row], out);
    case ValueKind::kTimestampTz: {
      const int64_t micros = values.As<int64_t>()[row];
      return AppendTimestampTz(micros, settings.time_zone.OffsetSecondsAt(micros), out);
    }
    case ValueKind::kInterval:
      return AppendInterval(values.As<IntervalValue>()[row], out);
    case ValueKind::kUuid:
      return AppendUuidText(values.As<Int128>()[row], out);
  }
}

Status AppendBinaryValue(const sql::ResultColumn& column, const ColumnSpan& values, uint32_t row,
                         std::string& out) {
  if (column.kind != ValueKind::kRendered) {
    AppendBinaryOfKind(column, values, row, out);
    return Status::Ok();
  }
  const std::string_view text = values.As<StringRef>()[row].view();
  const uint32_t element_oid = ArrayElementOid(column.type_oid);
  return element_oid == 0 ? AppendBinaryFromText(text, column.type_oid, out)
                          : AppendArrayBinary(text, element_oid, out);
}

Status CheckBinaryFormat(const sql::ResultColumn& column) {
  if (column.kind != ValueKind::kRendered) return Status::Ok();
  const uint32_t oid = column.type_oid;
  if (ArrayElementOid(oid) != 0 || HasBinaryFromText(oid)) return Status::Ok();
  return Status::Unsupported("no binary output function available for type: column=\"", column.name,
                             "\" oid=", oid);
}

}  // namespace luma::pgwire
