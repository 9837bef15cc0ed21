#include "sql/type_mapping.h"

#include <cstddef>

namespace luma::sql {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;

static_assert(sizeof(StringRef) == sizeof(duckdb::string_t));
static_assert(StringRef::kInlineBytes == duckdb::string_t::INLINE_LENGTH);
static_assert(sizeof(Int128) == sizeof(duckdb::hugeint_t));
static_assert(offsetof(Int128, high) == offsetof(duckdb::hugeint_t, upper));
static_assert(sizeof(IntervalValue) == sizeof(duckdb::interval_t));
static_assert(offsetof(IntervalValue, days) == offsetof(duckdb::interval_t, days));
static_assert(offsetof(IntervalValue, micros) == offsetof(duckdb::interval_t, micros));

LogicalType ResolveBuiltinNames(const LogicalType& type) {
  return duckdb::TypeVisitor::VisitReplace(type, [](const LogicalType& part) -> LogicalType {
    if (part.id() != LogicalTypeId::USER) return part;
    if (duckdb::StringUtil::CIEquals(duckdb::UserType::GetTypeName(part), "json")) {
      return LogicalType::JSON();
    }
    throw duckdb::InvalidInputException("unknown type in the catalog: type=%s", part.ToString());
  });
}

}  // namespace

bool IsNestedType(const LogicalType& type) {
  switch (type.InternalType()) {
    case duckdb::PhysicalType::LIST:
    case duckdb::PhysicalType::STRUCT:
    case duckdb::PhysicalType::ARRAY:
      return true;
    default:
      return false;
  }
}

Result<PhysicalType> StoredTypeOf(const LogicalType& type) {
  if (type.id() == LogicalTypeId::VARIANT || type.id() == LogicalTypeId::AGGREGATE_STATE) {
    return Status::Unsupported("a column cannot have this type: type=", type.ToString());
  }
  switch (type.InternalType()) {
    case duckdb::PhysicalType::BOOL:
      return PhysicalType::kBool;
    case duckdb::PhysicalType::INT8:
      return PhysicalType::kInt8;
    case duckdb::PhysicalType::INT16:
      return PhysicalType::kInt16;
    case duckdb::PhysicalType::INT32:
      return PhysicalType::kInt32;
    case duckdb::PhysicalType::INT64:
      return PhysicalType::kInt64;
    case duckdb::PhysicalType::UINT8:
      return PhysicalType::kUInt8;
    case duckdb::PhysicalType::UINT16:
      return PhysicalType::kUInt16;
    case duckdb::PhysicalType::UINT32:
      return PhysicalType::kUInt32;
    case duckdb::PhysicalType::UINT64:
      return PhysicalType::kUInt64;
    case duckdb::PhysicalType::INT128:
      return PhysicalType::kInt128;
    case duckdb::PhysicalType::UINT128:
      return PhysicalType::kUInt128;
    case duckdb::PhysicalType::FLOAT:
      return PhysicalType::kFloat32;
    case duckdb::PhysicalType::DOUBLE:
      return PhysicalType::kFloat64;
    case duckdb::PhysicalType::INTERVAL:
      return PhysicalType::kInterval;
    case duckdb::PhysicalType::VARCHAR:
    case duckdb::PhysicalType::LIST:
    case duckdb::PhysicalType::STRUCT:
    case duckdb::PhysicalType::ARRAY:
      return PhysicalType::kBytes;
    default:
      return Status::Unsupported("a column cannot have this type: type=", type.ToString());
  }
}

std::string TypeToText(const LogicalType& type) {
  if (type.id() != LogicalTypeId::VARCHAR || type.IsJSONType()) return type.ToString();
  const std::string collation = duckdb::StringType::GetCollation(type);
  return collation.empty() ? type.ToString() : type.ToString() + " COLLATE " + collation;
}

LogicalType TypeFromText(std::string_view text) {
  if (text == "\"NULL\"") return LogicalType::SQLNULL;
  const duckdb::ColumnList columns = duckdb::Parser::ParseColumnList("c " + std::string(text));
  return ResolveBuiltinNames(columns.GetColumn(duckdb::LogicalIndex(0)).Type());
}

}  // namespace luma::sql
