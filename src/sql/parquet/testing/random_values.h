// Random values of any SQL type, as the engine stores them (docs/formats/nested_values.md).
#pragma once

#include <random>
#include <string>

#include "base/bytes.h"
#include "sql/duckdb_headers.h"
#include "sql/parquet/testing/memory_run.h"

namespace luma::sql {

class RandomValues {
 public:
  explicit RandomValues(uint64_t seed) : random_(seed) {}

  uint64_t Below(uint64_t end) { return random_() % end; }

  // Few distinct values or many, with nulls or without.
  StoredValues Column(const duckdb::LogicalType& type, uint32_t count) {
    const uint64_t distinct = Below(3) == 0 ? count + 1 : 1 + Below(200);
    const uint64_t null_percent = Below(2) * Below(100);
    StoredValues pool;
    for (uint64_t i = 0; i < std::min<uint64_t>(distinct, count); ++i) pool.push_back(One(type));
    StoredValues values;
    for (uint32_t i = 0; i < count; ++i) {
      const bool null = type.id() == duckdb::LogicalTypeId::SQLNULL || Below(100) < null_percent;
      values.push_back(null ? std::nullopt : pool[Below(pool.size())]);
    }
    return values;
  }

  std::string One(const duckdb::LogicalType& type) {
    Bytes bytes;
    ByteWriter writer(bytes);
    if (type.InternalType() == duckdb::PhysicalType::VARCHAR) return Text();
    Present(type, writer);
    return std::string(AsText(bytes));
  }

 private:
  using Id = duckdb::LogicalTypeId;

  std::string Text() {
    static constexpr const char* kParts[] = {"", "a", "é", "日本", "some longer text, ", "\n"};
    std::string text;
    for (uint64_t part = Below(6); part > 0; --part) text += kParts[Below(std::size(kParts))];
    return text;
  }

  uint64_t DoubleBits() {
    static constexpr uint64_t kSpecial[] = {
        0x7ff0000000000002, 0x7ff8000000000001, 0xfff8000000000000, 0x7ff0000000000000,
        0x8000000000000000, 0x0000000000000000, 0x0000000000000001, 0x3ff0000000000000};
    return Below(2) == 0 ? random_() : kSpecial[Below(std::size(kSpecial))];
  }

  uint32_t FloatBits() {
    static constexpr uint32_t kSpecial[] = {0x7f800001, 0x7fc00001, 0x80000000, 0, 0xffc00000};
    return Below(2) == 0 ? static_cast<uint32_t>(random_()) : kSpecial[Below(std::size(kSpecial))];
  }

  void Optional(const duckdb::LogicalType& type, bool present, ByteWriter& out) {
    out.Fixed(static_cast<uint8_t>(present));
    if (present) Present(type, out);
  }

  void List(const duckdb::LogicalType& element, bool is_map, ByteWriter& out) {
    const uint64_t length = Below(4);
    out.Varint(length);
    for (uint64_t i = 0; i < length; ++i) Optional(element, is_map || Below(4) != 0, out);
  }

  void Struct(const duckdb::LogicalType& type, bool is_map_entry, ByteWriter& out) {
    const auto& fields = duckdb::StructType::GetChildTypes(type);
    const bool is_union = type.id() == Id::UNION;
    const auto tag = static_cast<uint8_t>(is_union ? Below(fields.size() - 1) : 0);
    for (size_t i = 0; i < fields.size(); ++i) {
      if (is_union && i == 0) {
        out.Fixed(uint8_t{1});
        out.Fixed(tag);
      } else {
        const bool may_be = is_union ? i == tag + 1u : true;
        Optional(fields[i].second, (is_map_entry && i == 0) || (may_be && Below(4) != 0), out);
      }
    }
  }

  void Map(const duckdb::LogicalType& type, ByteWriter& out) {
    const uint64_t length = Below(4);
    out.Varint(length);
    for (uint64_t i = 0; i < length; ++i) {
      out.Fixed(uint8_t{1});
      Struct(duckdb::ListType::GetChildType(type), true, out);
    }
  }

  void Array(const duckdb::LogicalType& type, ByteWriter& out) {
    for (duckdb::idx_t i = 0; i < duckdb::ArrayType::GetSize(type); ++i) {
      Optional(duckdb::ArrayType::GetChildType(type), Below(4) != 0, out);
    }
  }

  void Decimal(const duckdb::LogicalType& type, ByteWriter& out) {
    switch (duckdb::GetTypeIdSize(type.InternalType())) {
      case 2:
        return out.Fixed(static_cast<int16_t>(static_cast<int16_t>(Below(19'999)) - 9'999));
      case 4:
        return out.Fixed(static_cast<int32_t>(Below(1'999'999'999)) - 999'999'999);
      case 8:
        return out.Fixed(static_cast<int64_t>(random_()) % 1'000'000'000'000'000);
      default:
        out.Fixed(random_());
        return out.Fixed(static_cast<int64_t>(random_()) >> 8);
    }
  }

  void Present(const duckdb::LogicalType& type, ByteWriter& out) {
    switch (type.id()) {
      case Id::BOOLEAN:
        return out.Fixed(static_cast<uint8_t>(Below(2)));
      case Id::DOUBLE:
        return out.Fixed(DoubleBits());
      case Id::FLOAT:
        return out.Fixed(FloatBits());
      case Id::DECIMAL:
        return Decimal(type, out);
      case Id::TIME_TZ:
        return out.Fixed(
            duckdb::dtime_tz_t(duckdb::dtime_t(static_cast<int64_t>(Below(86'400'000'001))),
                               static_cast<int32_t>(Below(115'199)) - 57'599)
                .bits);
      case Id::TIMESTAMP_SEC:
        return out.Fixed(Below(9) == 0 ? INT64_MAX : static_cast<int64_t>(random_()) / 2'000'000);
      case Id::ENUM: {
        const uint64_t index = Below(duckdb::EnumType::GetSize(type));
        return out.Raw(
            std::as_bytes(std::span(&index, 1)).first(duckdb::GetTypeIdSize(type.InternalType())));
      }
      case Id::LIST:
        return List(duckdb::ListType::GetChildType(type), false, out);
      case Id::MAP:
        return Map(type, out);
      case Id::ARRAY:
        return Array(type, out);
      case Id::STRUCT:
      case Id::UNION:
        return Struct(type, false, out);
      default:
        break;
    }
    if (type.InternalType() == duckdb::PhysicalType::VARCHAR) return out.LengthPrefixed(Text());
    for (duckdb::idx_t i = 0; i < duckdb::GetTypeIdSize(type.InternalType()); ++i) {
      out.Fixed(static_cast<uint8_t>(random_()));
    }
  }

  std::mt19937_64 random_;
};

}  // namespace luma::sql
