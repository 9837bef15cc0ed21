#include "sql/result_batches.h"

#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "sql/result_types.h"
#include "sql/text_rendering.h"

namespace luma::sql {
namespace {

using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::LogicalTypeId;
using duckdb::Vector;

constexpr int64_t kInfinity = INT64_MAX;

// What the spans of a batch point into.
struct BatchMemory {
  duckdb::unique_ptr<duckdb::DataChunk> chunk;
  std::vector<std::unique_ptr<std::byte[]>> values;
  std::vector<std::unique_ptr<std::vector<std::string>>> texts;

  template <typename T>
  T* Allocate(idx_t count) {
    values.push_back(std::make_unique<std::byte[]>(std::max<idx_t>(count, 1) * sizeof(T)));
    return reinterpret_cast<T*>(values.back().get());
  }
};

template <typename T>
constexpr PhysicalType PhysicalTypeOf() {
  if constexpr (std::is_same_v<T, int16_t>) return PhysicalType::kInt16;
  if constexpr (std::is_same_v<T, int32_t>) return PhysicalType::kInt32;
  if constexpr (std::is_same_v<T, int64_t>) return PhysicalType::kInt64;
  if constexpr (std::is_same_v<T, Int128>) return PhysicalType::kInt128;
  if constexpr (std::is_same_v<T, StringRef>) return PhysicalType::kBytes;
}

ColumnSpan SpanOf(PhysicalType type, const void* values, Vector& vector, idx_t count) {
  const auto& validity = FlatVector::Validity(vector);
  return {.type = type,
          .count = static_cast<uint32_t>(count),
          .values = static_cast<const std::byte*>(values),
          .validity = validity.AllValid() ? nullptr : validity.GetData()};
}

// A column whose values are computed one by one from those of `vector`; nulls become zeros.
template <typename From, typename To, typename Convert>
ColumnSpan Converted(BatchMemory& memory, Vector& vector, idx_t count, Convert&& convert) {
  const auto* from = FlatVector::GetData<From>(vector);
  const auto& validity = FlatVector::Validity(vector);
  To* to = memory.Allocate<To>(count);
  for (idx_t i = 0; i < count; ++i) to[i] = validity.RowIsValid(i) ? convert(from[i]) : To{};
  return SpanOf(PhysicalTypeOf<To>(), to, vector, count);
}

template <typename From, typename To>
ColumnSpan Widened(BatchMemory& memory, Vector& vector, idx_t count) {
  return Converted<From, To>(memory, vector, count,
                             [](From value) { return static_cast<To>(value); });
}

template <typename From>
ColumnSpan WidenedTo128(BatchMemory& memory, Vector& vector, idx_t count) {
  return Converted<From, Int128>(memory, vector, count, [](From value) {
    const bool negative = std::is_signed_v<From> && value < From{};
    return Int128{.low = static_cast<uint64_t>(value), .high = negative ? -1 : 0};
  });
}

ColumnSpan Decimals(BatchMemory& memory, Vector& vector, idx_t count) {
  switch (vector.GetType().InternalType()) {
    case duckdb::PhysicalType::INT16:
      return WidenedTo128<int16_t>(memory, vector, count);
    case duckdb::PhysicalType::INT32:
      return WidenedTo128<int32_t>(memory, vector, count);
    case duckdb::PhysicalType::INT64:
      return WidenedTo128<int64_t>(memory, vector, count);
    case duckdb::PhysicalType::UINT64:
      return WidenedTo128<uint64_t>(memory, vector, count);
    default:
      return SpanOf(PhysicalType::kInt128, FlatVector::GetData(vector), vector, count);
  }
}

ColumnSpan ScaledTimes(BatchMemory& memory, Vector& vector, idx_t count, int64_t multiplier,
                       int64_t divisor) {
  return Converted<int64_t, int64_t>(memory, vector, count, [=](int64_t value) {
    if (value == kInfinity || value == -kInfinity) return value;
    const int64_t scaled = value / divisor - (value % divisor < 0 ? 1 : 0);
    return scaled * multiplier;
  });
}

ColumnSpan Timestamps(BatchMemory& memory, Vector& vector, idx_t count) {
  switch (vector.GetType().id()) {
    case LogicalTypeId::TIMESTAMP_SEC:
      return ScaledTimes(memory, vector, count, 1'000'000, 1);
    case LogicalTypeId::TIMESTAMP_MS:
      return ScaledTimes(memory, vector, count, 1'000, 1);
    case LogicalTypeId::TIMESTAMP_NS:
      return ScaledTimes(memory, vector, count, 1, 1'000);
    default:
      return SpanOf(PhysicalType::kInt64, FlatVector::GetData(vector), vector, count);
  }
}

ColumnSpan Rendered(BatchMemory& memory, Vector& vector, idx_t count) {
  memory.texts.push_back(std::make_unique<std::vector<std::string>>(count));
  auto& texts = *memory.texts.back();
  auto* strings = memory.Allocate<StringRef>(count);
  for (idx_t i = 0; i < count; ++i) {
    if (!FlatVector::IsNull(vector, i)) texts[i] = RenderText(vector.GetValue(i));
    strings[i] = StringRef(std::string_view(texts[i]));
  }
  return SpanOf(PhysicalType::kBytes, strings, vector, count);
}

ColumnSpan Strings(BatchMemory& memory, Vector& vector, idx_t count) {
  const bool is_string = vector.GetType().InternalType() == duckdb::PhysicalType::VARCHAR;
  if (!is_string) return Rendered(memory, vector, count);
  return Converted<duckdb::string_t, StringRef>(
      memory, vector, count, [](const duckdb::string_t& text) {
        // An inline string's bytes lie in the vector itself, so the reference copies those.
        return StringRef(text.GetData(), static_cast<uint32_t>(text.GetSize()));
      });
}

ColumnSpan Integers16(BatchMemory& memory, Vector& vector, idx_t count) {
  switch (vector.GetType().id()) {
    case LogicalTypeId::TINYINT:
      return Widened<int8_t, int16_t>(memory, vector, count);
    case LogicalTypeId::UTINYINT:
      return Widened<uint8_t, int16_t>(memory, vector, count);
    default:
      return SpanOf(PhysicalType::kInt16, FlatVector::GetData(vector), vector, count);
  }
}

ColumnSpan ToSpan(BatchMemory& memory, Vector& vector, idx_t count) {
  const void* data = FlatVector::GetData(vector);
  const LogicalTypeId id = vector.GetType().id();
  switch (ResultColumnOf("", vector.GetType()).kind) {
    case ValueKind::kBool:
      return SpanOf(PhysicalType::kBool, data, vector, count);
    case ValueKind::kInt16:
      return Integers16(memory, vector, count);
    case ValueKind::kInt32:
      if (id == LogicalTypeId::USMALLINT) return Widened<uint16_t, int32_t>(memory, vector, count);
      return SpanOf(PhysicalType::kInt32, data, vector, count);
    case ValueKind::kDate:
      return SpanOf(PhysicalType::kInt32, data, vector, count);
    case ValueKind::kInt64:
      if (id == LogicalTypeId::UINTEGER) return Widened<uint32_t, int64_t>(memory, vector, count);
      return SpanOf(PhysicalType::kInt64, data, vector, count);
    case ValueKind::kTime:
      return SpanOf(PhysicalType::kInt64, data, vector, count);
    case ValueKind::kTimestamp:
    case ValueKind::kTimestampTz:
      return Timestamps(memory, vector, count);
    case ValueKind::kFloat32:
      return SpanOf(PhysicalType::kFloat32, data, vector, count);
    case ValueKind::kFloat64:
      return SpanOf(PhysicalType::kFloat64, data, vector, count);
    case ValueKind::kDecimal:
      return Decimals(memory, vector, count);
    case ValueKind::kInterval:
      return SpanOf(PhysicalType::kInterval, data, vector, count);
    case ValueKind::kUuid:
      return SpanOf(PhysicalType::kInt128, data, vector, count);
    case ValueKind::kText:
    case ValueKind::kBlob:
      return Strings(memory, vector, count);
    case ValueKind::kRendered:
      return vector.GetType().IsJSONType() ? Strings(memory, vector, count)
                                           : Rendered(memory, vector, count);
  }
  return Rendered(memory, vector, count);
}

}  // namespace

std::shared_ptr<const ResultBatch> ToResultBatch(duckdb::unique_ptr<duckdb::DataChunk> chunk) {
  auto memory = std::make_shared<BatchMemory>();
  auto batch = std::make_shared<ResultBatch>();
  chunk->Flatten();
  batch->row_count = static_cast<uint32_t>(chunk->size());
  for (auto& vector : chunk->data) {
    batch->columns.push_back(ToSpan(*memory, vector, chunk->size()));
  }
  memory->chunk = std::move(chunk);
  batch->owner = std::move(memory);
  return batch;
}

}  // namespace luma::sql
