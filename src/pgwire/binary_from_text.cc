#include "pgwire/binary_from_text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <optional>

#include "pgwire/datetime_text.h"
#include "pgwire/numeric_format.h"
#include "pgwire/wire_writer.h"

namespace luma::pgwire {
namespace {

constexpr char kJsonbVersion = 1;
constexpr size_t kUuidBytes = 16;
constexpr int kNumericDigitsMax = 38;
constexpr size_t kYearDigitsMax = 7;  // what is computed from them fits into 64 bits

template <typename T>
std::optional<T> NumberOf(std::string_view text) {
  T number{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool AppendHexBytes(std::string_view digits, std::string& out) {
  if (digits.size() % 2 != 0) return false;
  for (size_t i = 0; i < digits.size(); i += 2) {
    const int high = HexDigit(digits[i]);
    const int low = HexDigit(digits[i + 1]);
    if (high < 0 || low < 0) return false;
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return true;
}

bool AppendUuid(std::string_view text, std::string& out) {
  std::string digits(text);
  std::erase(digits, '-');
  return digits.size() == 2 * kUuidBytes && AppendHexBytes(digits, out);
}

bool AppendBytea(std::string_view text, std::string& out) {
  return text.starts_with("\\x") && AppendHexBytes(text.substr(2), out);
}

// At most 38 digits: what a DECIMAL or HUGEINT has.
bool AppendNumeric(std::string_view text, std::string& out) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t point = text.find('.');
  const int scale = point == std::string_view::npos ? 0 : static_cast<int>(text.size() - point - 1);
  __extension__ unsigned __int128 magnitude = 0;
  int digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == point) continue;
    if (!IsDigit(text[i]) || ++digits > kNumericDigitsMax + 1) return false;
    magnitude = magnitude * 10 + static_cast<unsigned>(text[i] - '0');
  }
  if (digits == 0) return false;
  if (negative) magnitude = ~magnitude + 1;
  AppendNumericBinary({.low = static_cast<uint64_t>(magnitude),
                       .high = static_cast<int64_t>(static_cast<uint64_t>(magnitude >> 64))},
                      scale, out);
  return true;
}

// Takes parts off the front of a date or time.
class DateTimeReader {
 public:
  explicit DateTimeReader(std::string_view text) : rest_(text) {}

  bool AtEnd() const { return rest_.empty(); }
  bool Take(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }
  // Digits as a number; nothing when there are none or too many for a year.
  std::optional<int64_t> Digits() {
    const size_t end = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    if (end > kYearDigitsMax) return std::nullopt;
    const std::optional<int64_t> number = NumberOf<int64_t>(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return number;
  }

  // "2024-01-31" or "0044-03-15 (BC)" as days since 1970-01-01.
  std::optional<int64_t> Date() {
    const auto year = Digits();
    if (!year || !Take("-")) return std::nullopt;
    const auto month = Digits();
    if (!month || !Take("-")) return std::nullopt;
    const auto day = Digits();
    if (!day) return std::nullopt;
    const bool is_bc = Take(" (BC)");
    return DaysFromCivil(
        {is_bc ? 1 - *year : *year, static_cast<unsigned>(*month), static_cast<unsigned>(*day)});
  }

  // "12:34:56.789" as microseconds.
  std::optional<int64_t> Time() {
    const auto hours = Digits();
    if (!hours || !Take(":")) return std::nullopt;
    const auto minutes = Digits();
    if (!minutes || !Take(":")) return std::nullopt;
    const auto seconds = Digits();
    if (!seconds) return std::nullopt;
    const int64_t micros = ((*hours * 60 + *minutes) * 60 + *seconds) * kMicrosPerSecond;
    return Take(".") ? micros + Fraction() : micros;
  }

  // "+02:30" as seconds east of UTC; 0 when there is none.
  std::optional<int64_t> Offset() {
    const bool west = Take("-");
    if (!west && !Take("+")) return 0;
    int64_t seconds = 0;
    for (const int64_t unit : {3600, 60, 1}) {
      const auto part = Digits();
      if (!part) return std::nullopt;
      seconds += *part * unit;
      if (!Take(":")) break;
    }
    return west ? -seconds : seconds;
  }

 private:
  int64_t Fraction() {
    int64_t micros = 0;
    for (int64_t unit = kMicrosPerSecond / 10; !rest_.empty() && IsDigit(rest_[0]); unit /= 10) {
      micros += (rest_[0] - '0') * unit;
      rest_.remove_prefix(1);
    }
    return micros;
  }

  std::string_view rest_;
};

std::optional<int64_t> TimestampOf(std::string_view text) {
  if (text == "infinity") return INT64_MAX;
  if (text == "-infinity") return INT64_MIN;
  DateTimeReader reader(text);
  const auto days = reader.Date();
  if (!days || !reader.Take(" ")) return std::nullopt;
  const auto micros = reader.Time();
  if (!micros) return std::nullopt;
  const auto offset = reader.Offset();
  if (!offset || !reader.AtEnd()) return std::nullopt;
  int64_t midnight = 0;
  int64_t timestamp = 0;
  const int64_t since_midnight = *micros - *offset * kMicrosPerSecond;
  if (__builtin_mul_overflow(*days - kPostgresEpochDays, kMicrosPerDay, &midnight) ||
      __builtin_add_overflow(midnight, since_midnight, &timestamp)) {
    return std::nullopt;
  }
  return timestamp;
}

std::optional<int32_t> DateOf(std::string_view text) {
  if (text == "infinity") return INT32_MAX;
  if (text == "-infinity") return INT32_MIN;
  DateTimeReader reader(text);
  const auto days = reader.Date();
  if (!days || !reader.AtEnd()) return std::nullopt;
  const int64_t since_epoch = *days - kPostgresEpochDays;
  if (since_epoch < INT32_MIN || since_epoch > INT32_MAX) return std::nullopt;
  return static_cast<int32_t>(since_epoch);
}

bool AppendTimeTz(std::string_view text, WireWriter& writer) {
  DateTimeReader reader(text);
  const auto micros = reader.Time();
  const auto offset = reader.Offset();
  if (!micros || !offset || !reader.AtEnd()) return false;
  writer.Int64(*micros);
  writer.Int32(static_cast<int32_t>(-*offset));  // PostgreSQL counts seconds west
  return true;
}

std::optional<int64_t> TimeOf(std::string_view text) {
  DateTimeReader reader(text);
  const auto micros = reader.Time();
  return reader.AtEnd() ? micros : std::nullopt;
}

// Each writes `value` unless it is missing, and tells.
bool AppendInt16(std::optional<int16_t> value, WireWriter& writer) {
  if (value) writer.Int16(*value);
  return value.has_value();
}
bool AppendInt32(std::optional<int32_t> value, WireWriter& writer) {
  if (value) writer.Int32(*value);
  return value.has_value();
}
bool AppendInt64(std::optional<int64_t> value, WireWriter& writer) {
  if (value) writer.Int64(*value);
  return value.has_value();
}

template <typename To, typename From>
std::optional<To> BitsOf(std::optional<From> value) {
  if (!value) return std::nullopt;
  return std::bit_cast<To>(*value);
}

// False when `text` is not a value of the type.
bool Append(std::string_view text, uint32_t oid, std::string& out) {
  WireWriter writer(out);
  switch (oid) {
    case 16:
      writer.Byte(text == "t" ? 1 : 0);
      return text == "t" || text == "f";
    case 17:
      return AppendBytea(text, out);
    case 20:
      return AppendInt64(NumberOf<int64_t>(text), writer);
    case 21:
      return AppendInt16(NumberOf<int16_t>(text), writer);
    case 23:
      return AppendInt32(NumberOf<int32_t>(text), writer);
    case 26:
      return AppendInt32(BitsOf<int32_t>(NumberOf<uint32_t>(text)), writer);
    case 700:
      return AppendInt32(BitsOf<int32_t>(NumberOf<float>(text)), writer);
    case 701:
      return AppendInt64(BitsOf<int64_t>(NumberOf<double>(text)), writer);
    case 1082:
      return AppendInt32(DateOf(text), writer);
    case 1083:
      return AppendInt64(TimeOf(text), writer);
    case 1114:
    case 1184:
      return AppendInt64(TimestampOf(text), writer);
    case 1266:
      return AppendTimeTz(text, writer);
    case 1700:
      return AppendNumeric(text, out);
    case 2950:
      return AppendUuid(text, out);
    case 3802:
      writer.Byte(kJsonbVersion);
      break;
    default:
      break;
  }
  writer.Raw(text);
  return true;
}

}  // namespace

bool HasBinaryFromText(uint32_t oid) {
  constexpr std::array<uint32_t, 23> kOids = {16,   17,   18,   19,   20,   21,   23,   25,
                                              26,   114,  142,  700,  701,  705,  1042, 1043,
                                              1082, 1083, 1114, 1184, 1266, 1700, 2950};
  return oid == 3802 || std::ranges::find(kOids, oid) != kOids.end();
}

Status AppendBinaryFromText(std::string_view text, uint32_t oid, std::string& out) {
  if (Append(text, oid, out)) return Status::Ok();
  return Status::InvalidArgument("value has no binary form of its type: oid=", oid, " value=", text)
      .WithSqlState("22P03");
}

}  // namespace luma::pgwire
