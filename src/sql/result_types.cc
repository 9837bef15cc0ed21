#include "sql/result_types.h"

namespace luma::sql {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;

// A PostgreSQL type, its array type, and the DuckDB type that values of it become.
struct TypeRow {
  uint32_t oid;
  uint32_t array_oid;
  int16_t length;
  LogicalTypeId type;
};

constexpr TypeRow kTypes[] = {
    {16, 1000, 1, LogicalTypeId::BOOLEAN},     {17, 1001, -1, LogicalTypeId::BLOB},
    {20, 1016, 8, LogicalTypeId::BIGINT},      {21, 1005, 2, LogicalTypeId::SMALLINT},
    {23, 1007, 4, LogicalTypeId::INTEGER},     {25, 1009, -1, LogicalTypeId::VARCHAR},
    {26, 1028, 4, LogicalTypeId::UINTEGER},    {114, 199, -1, LogicalTypeId::VARCHAR},
    {700, 1021, 4, LogicalTypeId::FLOAT},      {701, 1022, 8, LogicalTypeId::DOUBLE},
    {1042, 1014, -1, LogicalTypeId::VARCHAR},  {1043, 1015, -1, LogicalTypeId::VARCHAR},
    {1082, 1182, 4, LogicalTypeId::DATE},      {1083, 1183, 8, LogicalTypeId::TIME},
    {1114, 1115, 8, LogicalTypeId::TIMESTAMP}, {1184, 1185, 8, LogicalTypeId::TIMESTAMP_TZ},
    {1186, 1187, 16, LogicalTypeId::INTERVAL}, {1266, 1270, 12, LogicalTypeId::TIME_TZ},
    {1560, 1561, -1, LogicalTypeId::BIT},      {1700, 1231, -1, LogicalTypeId::DECIMAL},
    {2950, 2951, 16, LogicalTypeId::UUID},     {3802, 3807, -1, LogicalTypeId::VARCHAR},
    {19, 1003, 64, LogicalTypeId::VARCHAR},
};

const TypeRow* FindOid(uint32_t oid) {
  for (const TypeRow& row : kTypes) {
    if (row.oid == oid) return &row;
  }
  return nullptr;
}

uint32_t ArrayOidOf(const LogicalType& element) {
  // PostgreSQL's arrays of any number of dimensions have one type.
  if (element.id() == LogicalTypeId::LIST) {
    return ArrayOidOf(duckdb::ListType::GetChildType(element));
  }
  if (element.id() == LogicalTypeId::ARRAY) {
    return ArrayOidOf(duckdb::ArrayType::GetChildType(element));
  }
  const TypeRow* row = FindOid(TypeOid(element));
  return row == nullptr ? 1009 : row->array_oid;
}

ValueKind KindOf(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN:
      return ValueKind::kBool;
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::SMALLINT:
      return ValueKind::kInt16;
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::INTEGER:
      return ValueKind::kInt32;
    case LogicalTypeId::UINTEGER:
    case LogicalTypeId::BIGINT:
      return ValueKind::kInt64;
    case LogicalTypeId::UBIGINT:
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::DECIMAL:
      return ValueKind::kDecimal;
    case LogicalTypeId::FLOAT:
      return ValueKind::kFloat32;
    case LogicalTypeId::DOUBLE:
      return ValueKind::kFloat64;
    case LogicalTypeId::VARCHAR:
      return type.IsJSONType() ? ValueKind::kRendered : ValueKind::kText;
    case LogicalTypeId::SQLNULL:
    case LogicalTypeId::ENUM:
      return ValueKind::kText;
    case LogicalTypeId::BLOB:
      return ValueKind::kBlob;
    case LogicalTypeId::DATE:
      return ValueKind::kDate;
    case LogicalTypeId::TIME:
      return ValueKind::kTime;
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_SEC:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS:
      return ValueKind::kTimestamp;
    case LogicalTypeId::TIMESTAMP_TZ:
      return ValueKind::kTimestampTz;
    case LogicalTypeId::INTERVAL:
      return ValueKind::kInterval;
    case LogicalTypeId::UUID:
      return ValueKind::kUuid;
    default:
      return ValueKind::kRendered;
  }
}

}  // namespace

uint32_t TypeOid(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN:
      return 16;
    case LogicalTypeId::BLOB:
      return 17;
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::UINTEGER:
      return 20;
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::SMALLINT:
      return 21;
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::USMALLINT:
      return 23;
    case LogicalTypeId::VARCHAR:
      return type.IsJSONType() ? 114 : 25;
    case LogicalTypeId::STRUCT:
    case LogicalTypeId::MAP:
    case LogicalTypeId::UNION:
      return 114;
    case LogicalTypeId::FLOAT:
      return 700;
    case LogicalTypeId::DOUBLE:
      return 701;
    case LogicalTypeId::DATE:
      return 1082;
    case LogicalTypeId::TIME:
      return 1083;
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_SEC:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS:
      return 1114;
    case LogicalTypeId::TIMESTAMP_TZ:
      return 1184;
    case LogicalTypeId::INTERVAL:
      return 1186;
    case LogicalTypeId::TIME_TZ:
      return 1266;
    case LogicalTypeId::BIT:
      return 1560;
    case LogicalTypeId::DECIMAL:
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::UHUGEINT:
    case LogicalTypeId::UBIGINT:
    case LogicalTypeId::BIGNUM:
      return 1700;
    case LogicalTypeId::UUID:
      return 2950;
    case LogicalTypeId::LIST:
      return ArrayOidOf(duckdb::ListType::GetChildType(type));
    case LogicalTypeId::ARRAY:
      return ArrayOidOf(duckdb::ArrayType::GetChildType(type));
    default:
      return 25;
  }
}

LogicalType TypeOfOid(uint32_t oid) {
  if (oid == 1700) return LogicalType::DECIMAL(38, 10);
  if (oid == 114 || oid == 3802) return LogicalType::JSON();
  for (const TypeRow& row : kTypes) {
    if (row.oid == oid) return LogicalType(row.type);
    if (row.array_oid == oid) return LogicalType::LIST(TypeOfOid(row.oid));
  }
  return LogicalType(LogicalTypeId::INVALID);
}

ResultColumn ResultColumnOf(const std::string& name, const LogicalType& type) {
  ResultColumn column;
  column.name = name;
  column.type_oid = TypeOid(type);
  column.kind = KindOf(type);
  const TypeRow* row = FindOid(column.type_oid);
  if (row != nullptr) column.type_length = row->length;
  if (type.id() == LogicalTypeId::DECIMAL) {
    column.decimal_scale = duckdb::DecimalType::GetScale(type);
    column.type_modifier = ((duckdb::DecimalType::GetWidth(type) << 16) | column.decimal_scale) + 4;
  }
  return column;
}

}  // namespace luma::sql
