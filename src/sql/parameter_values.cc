#include "sql/parameter_values.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "model/utf8.h"
#include "sql/duckdb_boundary.h"
#include "sql/result_types.h"

namespace luma::sql {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;

constexpr int64_t kPostgresEpochMicros = 946'684'800'000'000;  // 2000-01-01 after 1970-01-01
constexpr int32_t kPostgresEpochDays = 10'957;
constexpr uint8_t kJsonbVersion = 1;

// DuckDB's texts are UTF-8, and as in PostgreSQL none holds a zero byte.
Status CheckText(std::string_view text) {
  if (IsValidUtf8(text) && text.find('\0') == std::string_view::npos) return Status::Ok();
  return Status::InvalidArgument("invalid byte sequence for encoding \"UTF8\"")
      .WithSqlState("22021");
}

// ---- text

Status BadText(std::string_view text, const LogicalType& type) {
  return Status::InvalidArgument("invalid input syntax for type ",
                                 duckdb::StringUtil::Lower(type.ToString()), ": \"", text, "\"")
      .WithSqlState("22P02");
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// \x0aff, or the older form with \\ and \ooo.
Result<std::string> BytesFromText(std::string_view text) {
  std::string bytes;
  if (text.starts_with("\\x")) {
    if (text.size() % 2 != 0) return BadText(text, LogicalType::BLOB);
    for (size_t i = 2; i < text.size(); i += 2) {
      const int high = HexDigit(text[i]);
      const int low = HexDigit(text[i + 1]);
      if (high < 0 || low < 0) return BadText(text, LogicalType::BLOB);
      bytes.push_back(static_cast<char>(high * 16 + low));
    }
    return bytes;
  }
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes.push_back(text[i]);
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      bytes.push_back('\\');
      ++i;
    } else if (i + 3 < text.size()) {
      const int value = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
      if (value < 0 || value > 255) return BadText(text, LogicalType::BLOB);
      bytes.push_back(static_cast<char>(value));
      i += 3;
    } else {
      return BadText(text, LogicalType::BLOB);
    }
  }
  return bytes;
}

// {1,"a b",NULL,{2}} element by element.
class ArrayParser {
 public:
  ArrayParser(duckdb::ClientContext& context, std::string_view text)
      : context_(context), text_(text) {}

  Result<Value> Parse(const LogicalType& type) {
    LUMA_ASSIGN_OR_RETURN(Value value, Array(type));
    SkipSpace();
    if (at_ != text_.size()) return BadText(text_, type);
    return value;
  }

 private:
  void SkipSpace() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool Accept(char c) {
    SkipSpace();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Result<Value> Array(const LogicalType& type) {
    const LogicalType& element_type = duckdb::ListType::GetChildType(type);
    if (!Accept('{')) return BadText(text_, type);
    duckdb::vector<Value> elements;
    if (Accept('}')) return Value::LIST(element_type, std::move(elements));
    do {
      LUMA_ASSIGN_OR_RETURN(Value element, Element(element_type));
      elements.push_back(std::move(element));
    } while (Accept(','));
    if (!Accept('}')) return BadText(text_, type);
    return Value::LIST(element_type, std::move(elements));
  }

  Result<Value> Element(const LogicalType& type) {
    SkipSpace();
    if (type.id() == LogicalTypeId::LIST) return Array(type);
    if (Accept('"')) {
      LUMA_ASSIGN_OR_RETURN(const std::string quoted, Quoted());
      return ValueFromText(context_, quoted, type);
    }
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '}') ++at_;
    std::string bare(text_.substr(begin, at_ - begin));
    duckdb::StringUtil::RTrim(bare);
    if (duckdb::StringUtil::CIEquals(bare, "null")) return Value(type);
    return ValueFromText(context_, bare, type);
  }

  Result<std::string> Quoted() {
    std::string value;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      value.push_back(text_[at_]);
    }
    if (!Accept('"')) return BadText(text_, LogicalType::VARCHAR);
    return value;
  }

  duckdb::ClientContext& context_;
  std::string_view text_;
  size_t at_ = 0;
};

Result<Value> CastText(duckdb::ClientContext& context, std::string_view text,
                       const LogicalType& type) {
  Value result;
  duckdb::string error;
  const Value input{std::string(text)};
  if (!input.TryCastAs(context, type, result, &error)) {
    const Status status =
        StatusFromDuckDb(duckdb::ErrorData(duckdb::ExceptionType::CONVERSION, error));
    return BadText(text, type).WithSqlState(status.sqlstate());
  }
  return result;
}

// ---- binary, big-endian as on the wire

Status BadBinary(std::string_view bytes, uint32_t oid) {
  return Status::InvalidArgument("incorrect binary data format: oid=", oid, " bytes=", bytes.size())
      .WithSqlState("22P03");
}

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : bytes_(bytes) {}

  std::string_view ReadBytes(size_t count) {
    if (bytes_.size() - at_ < count) {
      ok_ = false;
      return {};
    }
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  template <typename T>
  T Read() {
    T value{};
    if (bytes_.size() - at_ < sizeof(T)) {
      ok_ = false;
      return value;
    }
    for (size_t i = 0; i < sizeof(T); ++i) {
      value = static_cast<T>((static_cast<uint64_t>(value) << 8) |
                             static_cast<unsigned char>(bytes_[at_ + i]));
    }
    at_ += sizeof(T);
    return value;
  }
  bool complete() const { return ok_ && at_ == bytes_.size(); }
  bool ok() const { return ok_; }
  size_t remaining() const { return bytes_.size() - at_; }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

// Base-10,000 digits: count, weight of the first, sign, digits after the point, digits.
std::optional<std::string> NumericText(WireReader& reader) {
  const auto digit_count = reader.Read<uint16_t>();
  const auto weight = reader.Read<int16_t>();
  const auto sign = reader.Read<uint16_t>();
  const auto scale = reader.Read<uint16_t>();
  if (sign == 0xC000) return "NaN";
  std::string integer;
  std::string fraction;
  for (int i = 0; i < digit_count && reader.ok(); ++i) {
    std::string digits = std::to_string(reader.Read<uint16_t>());
    digits.insert(0, 4 - std::min<size_t>(digits.size(), 4), '0');
    (i <= weight ? integer : fraction) += digits;
  }
  if (!reader.complete()) return std::nullopt;
  for (int i = digit_count; i <= weight; ++i) integer += "0000";
  for (int i = -1; i > weight && digit_count > 0; --i) fraction.insert(0, "0000");
  fraction.resize(scale, '0');
  if (integer.empty()) integer = "0";
  return (sign == 0x4000 ? "-" : "") + integer + (scale > 0 ? "." + fraction : "");
}

Status TimeOutOfRange(const char* type) {
  return Status::OutOfRange(type, " out of range").WithSqlState("22008");
}

// The infinities are the ends of the range, on the wire as in DuckDB.
Result<Value> TimestampValue(int64_t wire, bool with_zone) {
  int64_t micros = wire > 0 ? INT64_MAX : -INT64_MAX;
  const bool infinite = wire == INT64_MAX || wire == INT64_MIN;
  if (!infinite && (__builtin_add_overflow(wire, kPostgresEpochMicros, &micros) ||
                    !duckdb::Timestamp::IsFinite(duckdb::timestamp_t(micros)))) {
    return TimeOutOfRange("timestamp");
  }
  return with_zone ? Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(micros))
                   : Value::TIMESTAMP(duckdb::timestamp_t(micros));
}

Result<Value> DateValue(int32_t wire) {
  int32_t days = wire > 0 ? INT32_MAX : -INT32_MAX;
  const bool infinite = wire == INT32_MAX || wire == INT32_MIN;
  if (!infinite && (__builtin_add_overflow(wire, kPostgresEpochDays, &days) ||
                    !duckdb::Date::IsFinite(duckdb::date_t(days)))) {
    return TimeOutOfRange("date");
  }
  return Value::DATE(duckdb::date_t(days));
}

// DuckDB trusts a time to be within the day: others make it read and write out of bounds.
Result<Value> TimeValue(int64_t micros) {
  if (micros < 0 || micros > duckdb::Interval::MICROS_PER_DAY) return TimeOutOfRange("time");
  return Value::TIME(duckdb::dtime_t(micros));
}

Value IntervalOf(WireReader& reader) {
  const auto micros = reader.Read<int64_t>();
  const auto days = reader.Read<int32_t>();
  const auto months = reader.Read<int32_t>();
  return Value::INTERVAL(months, days, micros);
}

Value UuidOf(WireReader& reader) {
  duckdb::hugeint_t value;
  const auto high = reader.Read<uint64_t>();
  value.upper = static_cast<int64_t>(high ^ (uint64_t{1} << 63));
  value.lower = reader.Read<uint64_t>();
  return Value::UUID(value);
}

Result<Value> TimeTzOf(WireReader& reader) {
  const auto micros = reader.Read<int64_t>();
  const auto seconds_west = reader.Read<int32_t>();
  constexpr int32_t kOffsetMax = duckdb::dtime_tz_t::MAX_OFFSET;
  if (micros < 0 || micros > duckdb::Interval::MICROS_PER_DAY || seconds_west < -kOffsetMax ||
      seconds_west > kOffsetMax) {
    return TimeOutOfRange("time with time zone");
  }
  return Value::TIMETZ(duckdb::dtime_tz_t(duckdb::dtime_t(micros), -seconds_west));
}

Result<Value> DecodeBinary(std::string_view bytes, uint32_t oid);

// Dimensions (size and lower bound of each), then the elements of all of them in row-major order.
class BinaryArray {
 public:
  BinaryArray(std::string_view bytes, uint32_t oid) : bytes_(bytes), reader_(bytes), oid_(oid) {}

  Result<Value> Decode() {
    const auto dimension_count = reader_.Read<uint32_t>();
    reader_.Read<uint32_t>();  // whether there are nulls: the lengths tell
    element_oid_ = reader_.Read<uint32_t>();
    const LogicalType element_type = TypeOfOid(element_oid_);
    // Arrays of several dimensions are not arrays of arrays: those could nest without end.
    if (!reader_.ok() || dimension_count > kDimensionsMax ||
        element_type.id() == LogicalTypeId::INVALID || element_type.id() == LogicalTypeId::LIST) {
      return BadBinary(bytes_, oid_);
    }
    for (uint32_t i = 0; i < dimension_count; ++i) {
      sizes_.push_back(reader_.Read<uint32_t>());
      reader_.Read<uint32_t>();  // lower bound: our arrays start at 1
    }
    if (sizes_.empty() || std::ranges::count(sizes_, 0u) > 0) {
      if (!reader_.complete()) return BadBinary(bytes_, oid_);
      return Value::LIST(element_type, {});
    }
    LUMA_ASSIGN_OR_RETURN(Value array, Dimension(0, element_type));
    if (!reader_.complete()) return BadBinary(bytes_, oid_);
    return array;
  }

 private:
  static constexpr uint32_t kDimensionsMax = 6;  // as PostgreSQL

  Result<Value> Dimension(size_t depth, const LogicalType& element_type) {
    if (depth == sizes_.size()) return Element(element_type);
    duckdb::vector<Value> values;
    for (uint32_t i = 0; i < sizes_[depth]; ++i) {
      if (reader_.remaining() == 0) return BadBinary(bytes_, oid_);  // sizes are mere claims
      LUMA_ASSIGN_OR_RETURN(Value value, Dimension(depth + 1, element_type));
      values.push_back(std::move(value));
    }
    LogicalType type = element_type;
    for (size_t i = depth + 1; i < sizes_.size(); ++i) type = LogicalType::LIST(type);
    return Value::LIST(type, std::move(values));
  }

  Result<Value> Element(const LogicalType& element_type) {
    const auto length = reader_.Read<int32_t>();
    if (length == -1) return Value(element_type);
    const auto bytes = reader_.ReadBytes(static_cast<uint32_t>(length));
    if (!reader_.ok()) return BadBinary(bytes_, oid_);
    return DecodeBinary(bytes, element_oid_);
  }

  const std::string_view bytes_;
  WireReader reader_;
  const uint32_t oid_;
  uint32_t element_oid_ = 0;
  std::vector<uint32_t> sizes_;
};

Result<Value> TextOf(std::string_view bytes) {
  LUMA_RETURN_IF_ERROR(CheckText(bytes));
  return Value(std::string(bytes));
}

Result<Value> DecodeBinary(std::string_view bytes, uint32_t oid) {
  WireReader reader(bytes);
  Result<Value> value = Value();
  switch (oid) {
    case 16:
      value = Value::BOOLEAN(reader.Read<uint8_t>() != 0);
      break;
    case 17:
      return Value::BLOB(reinterpret_cast<duckdb::const_data_ptr_t>(bytes.data()), bytes.size());
    case 20:
      value = Value::BIGINT(reader.Read<int64_t>());
      break;
    case 21:
      value = Value::SMALLINT(reader.Read<int16_t>());
      break;
    case 23:
      value = Value::INTEGER(reader.Read<int32_t>());
      break;
    case 26:
      value = Value::UINTEGER(reader.Read<uint32_t>());
      break;
    case 18:
    case 19:
    case 25:
    case 114:
    case 705:
    case 1042:
    case 1043:
      return TextOf(bytes);
    case 3802:
      if (reader.Read<uint8_t>() != kJsonbVersion) return BadBinary(bytes, oid);
      return TextOf(bytes.substr(1));
    case 700:
      value = Value::FLOAT(std::bit_cast<float>(reader.Read<uint32_t>()));
      break;
    case 701:
      value = Value::DOUBLE(std::bit_cast<double>(reader.Read<uint64_t>()));
      break;
    case 1082:
      value = DateValue(reader.Read<int32_t>());
      break;
    case 1083:
      value = TimeValue(reader.Read<int64_t>());
      break;
    case 1114:
      value = TimestampValue(reader.Read<int64_t>(), /*with_zone=*/false);
      break;
    case 1184:
      value = TimestampValue(reader.Read<int64_t>(), /*with_zone=*/true);
      break;
    case 1186:
      value = IntervalOf(reader);
      break;
    case 1700: {
      const auto text = NumericText(reader);
      if (!text) return BadBinary(bytes, oid);
      return Value(*text);
    }
    case 1266:
      value = TimeTzOf(reader);
      break;
    case 2950:
      value = UuidOf(reader);
      break;
    default:
      if (TypeOfOid(oid).id() == LogicalTypeId::LIST) return BinaryArray(bytes, oid).Decode();
      return Status::Unsupported("binary parameters of this type are not supported: oid=", oid);
  }
  if (!reader.complete()) return BadBinary(bytes, oid);
  return value;
}

}  // namespace

Result<Value> ValueFromText(duckdb::ClientContext& context, std::string_view text,
                            const LogicalType& type) {
  return CallDuckDb([&]() -> Result<Value> {
    switch (type.id()) {
      case LogicalTypeId::VARCHAR:
        return Value(std::string(text)).DefaultCastAs(type);
      case LogicalTypeId::BLOB: {
        LUMA_ASSIGN_OR_RETURN(const std::string bytes, BytesFromText(text));
        return Value::BLOB_RAW(bytes);
      }
      case LogicalTypeId::LIST:
        if (text.find('{') == 0) return ArrayParser(context, text).Parse(type);
        return CastText(context, text, type);
      default:
        return CastText(context, text, type);
    }
  });
}

Result<Value> ValueFromParameter(duckdb::ClientContext& context, const Parameter& parameter,
                                 uint32_t oid, const LogicalType& type) {
  if (parameter.is_null) return Value(type);
  if (!parameter.is_binary) {
    LUMA_RETURN_IF_ERROR(CheckText(parameter.bytes));
    return ValueFromText(context, parameter.bytes, type);
  }
  return CallDuckDb([&]() -> Result<Value> {
    LUMA_ASSIGN_OR_RETURN(const Value value, DecodeBinary(parameter.bytes, oid));
    return value.CastAs(context, type);
  });
}

}  // namespace luma::sql
