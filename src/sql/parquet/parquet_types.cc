#include "sql/parquet/parquet_types.h"

#include <cstring>
#include <string>

namespace luma::sql {
namespace {

using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::ListVector;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::StructVector;
using duckdb::Vector;

using TypeMap = LogicalType (*)(const LogicalType&);
using Convert = void (*)(Vector& values, idx_t count, Vector& out);

constexpr uint8_t kDecimalDigitsMax = 38;

std::string FieldName(const LogicalType& type, size_t index, const std::string& given) {
  if (type.id() == LogicalTypeId::UNION && index == 0) return "tag";
  return given.empty() ? "f" + std::to_string(index + 1) : given;
}

// Lists and structs of what `map` makes of their parts. An array becomes a list, a union a struct.
LogicalType MapParts(const LogicalType& type, TypeMap map) {
  switch (type.id()) {
    case LogicalTypeId::LIST:
      return LogicalType::LIST(map(duckdb::ListType::GetChildType(type)));
    case LogicalTypeId::ARRAY:
      return LogicalType::LIST(map(duckdb::ArrayType::GetChildType(type)));
    case LogicalTypeId::MAP:
      return LogicalType::MAP(map(duckdb::MapType::KeyType(type)),
                              map(duckdb::MapType::ValueType(type)));
    default: {
      duckdb::child_list_t<LogicalType> fields;
      for (const auto& [name, field] : duckdb::StructType::GetChildTypes(type)) {
        fields.emplace_back(FieldName(type, fields.size(), name), map(field));
      }
      return LogicalType::STRUCT(std::move(fields));
    }
  }
}

bool HasParts(const LogicalType& type) {
  switch (type.InternalType()) {
    case duckdb::PhysicalType::LIST:
    case duckdb::PhysicalType::ARRAY:
    case duckdb::PhysicalType::STRUCT:
      return true;
    default:
      return false;
  }
}

LogicalType IntervalParts() {
  return LogicalType::STRUCT({{"months", LogicalType::INTEGER},
                              {"days", LogicalType::INTEGER},
                              {"micros", LogicalType::BIGINT}});
}

LogicalType TimeTzParts(const LogicalType& time) {
  return LogicalType::STRUCT({{"time", time}, {"offset_seconds", LogicalType::INTEGER}});
}

// Nulls of `from`, and of all its fields when it is a struct.
void CopyNulls(Vector& from, idx_t count, Vector& to) {
  const auto& validity = FlatVector::Validity(from);
  if (validity.AllValid()) return;
  for (idx_t i = 0; i < count; ++i) {
    if (!validity.RowIsValid(i)) FlatVector::SetNull(to, i, true);
  }
}

template <typename From, typename To, typename Fn>
void MapRows(Vector& from, idx_t count, Vector& to, Fn fn) {
  const auto* in = FlatVector::GetData<From>(from);
  auto* out = FlatVector::GetData<To>(to);
  const auto& validity = FlatVector::Validity(from);
  for (idx_t i = 0; i < count; ++i) {
    if (validity.RowIsValid(i)) out[i] = fn(in[i]);
  }
  CopyNulls(from, count, to);
}

void SplitIntervals(Vector& values, idx_t count, Vector& out) {
  const auto& parts = StructVector::GetEntries(out);
  MapRows<duckdb::interval_t, int32_t>(values, count, *parts[0], [](auto v) { return v.months; });
  MapRows<duckdb::interval_t, int32_t>(values, count, *parts[1], [](auto v) { return v.days; });
  MapRows<duckdb::interval_t, int64_t>(values, count, *parts[2], [](auto v) { return v.micros; });
  CopyNulls(values, count, out);
}

void JoinIntervals(Vector& values, idx_t count, Vector& out) {
  const auto& parts = StructVector::GetEntries(values);
  for (const auto& part : parts) part->Flatten(count);
  auto* intervals = FlatVector::GetData<duckdb::interval_t>(out);
  for (idx_t i = 0; i < count; ++i) {
    intervals[i] = {FlatVector::GetData<int32_t>(*parts[0])[i],
                    FlatVector::GetData<int32_t>(*parts[1])[i],
                    FlatVector::GetData<int64_t>(*parts[2])[i]};
  }
  CopyNulls(values, count, out);
}

void SplitTimesTz(Vector& values, idx_t count, Vector& out) {
  const auto& parts = StructVector::GetEntries(out);
  MapRows<duckdb::dtime_tz_t, int64_t>(values, count, *parts[0],
                                       [](auto v) { return v.time().micros; });
  MapRows<duckdb::dtime_tz_t, int32_t>(values, count, *parts[1], [](auto v) { return v.offset(); });
  CopyNulls(values, count, out);
}

void JoinTimesTz(Vector& values, idx_t count, Vector& out) {
  const auto& parts = StructVector::GetEntries(values);
  for (const auto& part : parts) part->Flatten(count);
  auto* times = FlatVector::GetData<duckdb::dtime_tz_t>(out);
  for (idx_t i = 0; i < count; ++i) {
    times[i] = duckdb::dtime_tz_t(duckdb::dtime_t(FlatVector::GetData<int64_t>(*parts[0])[i]),
                                  FlatVector::GetData<int32_t>(*parts[1])[i]);
  }
  CopyNulls(values, count, out);
}

// An infinity is the same number in every unit.
bool IsInfinite(int64_t time) { return !duckdb::Timestamp::IsFinite(duckdb::timestamp_t(time)); }

void MicrosOfSeconds(Vector& values, idx_t count, Vector& out) {
  MapRows<int64_t, int64_t>(values, count, out, [](int64_t seconds) {
    if (IsInfinite(seconds)) return seconds;
    int64_t micros = 0;
    if (__builtin_mul_overflow(seconds, duckdb::Interval::MICROS_PER_SEC, &micros)) {
      throw duckdb::OutOfRangeException("a TIMESTAMP_S is out of range for a cold file: %lld",
                                        seconds);
    }
    return micros;
  });
}

void SecondsOfMicros(Vector& values, idx_t count, Vector& out) {
  MapRows<int64_t, int64_t>(values, count, out, [](int64_t micros) {
    return IsInfinite(micros) ? micros : micros / duckdb::Interval::MICROS_PER_SEC;
  });
}

template <typename Index>
void EnumIndexes(Vector& names, idx_t count, Vector& out) {
  const LogicalType& type = out.GetType();
  MapRows<duckdb::string_t, Index>(names, count, out, [&](const duckdb::string_t& name) {
    const int64_t index = duckdb::EnumType::GetPos(type, name);
    if (index < 0) throw duckdb::IOException("unknown value of an enum: %s", name.GetString());
    return static_cast<Index>(index);
  });
}

void EnumsOfNames(Vector& names, idx_t count, Vector& out) {
  switch (out.GetType().InternalType()) {
    case duckdb::PhysicalType::UINT8:
      return EnumIndexes<uint8_t>(names, count, out);
    case duckdb::PhysicalType::UINT16:
      return EnumIndexes<uint16_t>(names, count, out);
    default:
      return EnumIndexes<uint32_t>(names, count, out);
  }
}

void ConvertFields(Vector& values, idx_t count, Vector& out, Convert convert) {
  const auto& from = StructVector::GetEntries(values);
  const auto& to = StructVector::GetEntries(out);
  CopyNulls(values, count, out);
  for (size_t i = 0; i < from.size(); ++i) convert(*from[i], count, *to[i]);
}

void CopyEntries(Vector& list, idx_t count, Vector& out) {
  std::memcpy(FlatVector::GetData(out), FlatVector::GetData(list),
              count * sizeof(duckdb::list_entry_t));
  CopyNulls(list, count, out);
  const idx_t size = ListVector::GetListSize(list);
  ListVector::Reserve(out, size);
  ListVector::SetListSize(out, size);
}

void ConvertElements(Vector& values, idx_t count, Vector& out, Convert convert) {
  CopyEntries(values, count, out);
  convert(ListVector::GetEntry(values), ListVector::GetListSize(values), ListVector::GetEntry(out));
}

void ListsOfArrays(Vector& arrays, idx_t count, Vector& out) {
  const idx_t length = duckdb::ArrayType::GetSize(arrays.GetType());
  auto* entries = FlatVector::GetData<duckdb::list_entry_t>(out);
  for (idx_t i = 0; i < count; ++i) entries[i] = {i * length, length};
  CopyNulls(arrays, count, out);
  ListVector::Reserve(out, count * length);
  ListVector::SetListSize(out, count * length);
  ToWritten(duckdb::ArrayVector::GetEntry(arrays), count * length, ListVector::GetEntry(out));
}

void ArraysOfLists(Vector& lists, idx_t count, Vector& out) {
  const idx_t length = duckdb::ArrayType::GetSize(out.GetType());
  const idx_t element_count = ListVector::GetListSize(lists);
  Vector elements(duckdb::ArrayType::GetChildType(out.GetType()),
                  std::max<idx_t>(element_count, 1));
  FromRead(ListVector::GetEntry(lists), element_count, elements);
  const auto* entries = FlatVector::GetData<duckdb::list_entry_t>(lists);
  for (idx_t i = 0; i < count; ++i) {
    if (FlatVector::IsNull(lists, i)) {
      FlatVector::SetNull(out, i, true);
      continue;
    }
    if (entries[i].length != length) throw duckdb::IOException("an array of the wrong length");
    duckdb::VectorOperations::Copy(elements, duckdb::ArrayVector::GetEntry(out),
                                   entries[i].offset + length, entries[i].offset, i * length);
  }
}

}  // namespace

LogicalType WrittenType(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::HUGEINT:
      return LogicalType::DECIMAL(kDecimalDigitsMax, 0);
    case LogicalTypeId::UHUGEINT:
      return LogicalType::VARCHAR;
    case LogicalTypeId::VARCHAR:
      return type.IsJSONType() ? type : LogicalType::VARCHAR;  // without a collation
    case LogicalTypeId::BIT:
    case LogicalTypeId::BIGNUM:
      return LogicalType::BLOB;
    case LogicalTypeId::INTERVAL:
      return IntervalParts();
    case LogicalTypeId::TIME_TZ:
      return TimeTzParts(LogicalType::TIME);
    case LogicalTypeId::TIME_NS:
      return LogicalType::BIGINT;
    case LogicalTypeId::TIMESTAMP_SEC:
      return LogicalType::TIMESTAMP;
    case LogicalTypeId::SQLNULL:
      return LogicalType::INTEGER;
    default:
      return HasParts(type) ? MapParts(type, WrittenType) : type;
  }
}

LogicalType ReadType(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::HUGEINT:
      return LogicalType::DECIMAL(kDecimalDigitsMax, 0);
    case LogicalTypeId::VARCHAR:
    case LogicalTypeId::UHUGEINT:
    case LogicalTypeId::BIT:
    case LogicalTypeId::BIGNUM:
    case LogicalTypeId::ENUM:
      return LogicalType::BLOB;
    case LogicalTypeId::INTERVAL:
      return IntervalParts();
    case LogicalTypeId::TIME_TZ:
      return TimeTzParts(LogicalType::BIGINT);
    case LogicalTypeId::DATE:
    case LogicalTypeId::SQLNULL:
      return LogicalType::INTEGER;
    case LogicalTypeId::TIME:
    case LogicalTypeId::TIME_NS:
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_SEC:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS:
    case LogicalTypeId::TIMESTAMP_TZ:
      return LogicalType::BIGINT;
    default:
      return HasParts(type) ? MapParts(type, ReadType) : type;
  }
}

void ToWritten(Vector& values, idx_t count, Vector& out) {
  values.Flatten(count);
  const LogicalType& type = values.GetType();
  switch (type.id()) {
    case LogicalTypeId::UHUGEINT:
      return duckdb::VectorOperations::DefaultCast(values, out, count);
    case LogicalTypeId::INTERVAL:
      return SplitIntervals(values, count, out);
    case LogicalTypeId::TIME_TZ:
      return SplitTimesTz(values, count, out);
    case LogicalTypeId::TIMESTAMP_SEC:
      return MicrosOfSeconds(values, count, out);
    case LogicalTypeId::STRUCT:
    case LogicalTypeId::UNION:
      return ConvertFields(values, count, out, ToWritten);
    case LogicalTypeId::LIST:
    case LogicalTypeId::MAP:
      return ConvertElements(values, count, out, ToWritten);
    case LogicalTypeId::ARRAY:
      return ListsOfArrays(values, count, out);
    default:
      return out.Reinterpret(values);
  }
}

void FromRead(Vector& values, idx_t count, Vector& out) {
  values.Flatten(count);
  switch (out.GetType().id()) {
    case LogicalTypeId::UHUGEINT: {
      Vector digits(LogicalType::VARCHAR, count);
      digits.Reinterpret(values);
      return duckdb::VectorOperations::DefaultCast(digits, out, count, true);
    }
    case LogicalTypeId::INTERVAL:
      return JoinIntervals(values, count, out);
    case LogicalTypeId::TIME_TZ:
      return JoinTimesTz(values, count, out);
    case LogicalTypeId::TIMESTAMP_SEC:
      return SecondsOfMicros(values, count, out);
    case LogicalTypeId::ENUM:
      return EnumsOfNames(values, count, out);
    case LogicalTypeId::STRUCT:
    case LogicalTypeId::UNION:
      return ConvertFields(values, count, out, FromRead);
    case LogicalTypeId::LIST:
    case LogicalTypeId::MAP:
      return ConvertElements(values, count, out, FromRead);
    case LogicalTypeId::ARRAY:
      return ArraysOfLists(values, count, out);
    default:
      return out.Reinterpret(values);
  }
}

void HideFloats(Vector& values, idx_t count, Vector& out) {
  switch (values.GetType().id()) {
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::DOUBLE:
      out.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
      return FlatVector::Validity(out).SetAllInvalid(count);
    case LogicalTypeId::STRUCT:
      return ConvertFields(values, count, out, HideFloats);
    case LogicalTypeId::LIST:
    case LogicalTypeId::MAP:
      return ConvertElements(values, count, out, HideFloats);
    default:
      return out.Reference(values);
  }
}

}  // namespace luma::sql
