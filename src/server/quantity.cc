#include "server/quantity.h"

#include <fmt/format.h>

#include <charconv>
#include <span>

namespace luma::server {
namespace {

struct Unit {
  std::string_view name;
  int64_t size;
};

constexpr Unit kDurationUnits[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr Unit kByteUnits[] = {{"TiB", int64_t{1} << 40},
                               {"GiB", int64_t{1} << 30},
                               {"MiB", int64_t{1} << 20},
                               {"KiB", int64_t{1} << 10},
                               {"B", 1}};
constexpr int64_t kDurationMillisMax = 10'000 * int64_t{86'400'000};

// Takes "<digits><letters>" off the front of `text`. Returns false when there is none.
bool TakeQuantity(std::string_view& text, int64_t& number, std::string_view& unit) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  const size_t unit_length = std::min(text.find_first_of("0123456789"), text.size());
  unit = text.substr(0, unit_length);
  text.remove_prefix(unit_length);
  return true;
}

size_t FindUnit(std::span<const Unit> units, std::string_view name) {
  size_t at = 0;
  while (at < units.size() && units[at].name != name) ++at;
  return at;
}

Status NotADuration(std::string_view text) {
  return Status::InvalidArgument("not a duration such as \"1m30s\": value=", text);
}

Status NotAByteCount(std::string_view text) {
  return Status::InvalidArgument("not a size such as \"64MiB\": value=", text);
}

}  // namespace

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const std::span<const Unit> units = kDurationUnits;
  std::string_view rest = text;
  int64_t millis = 0;
  size_t next_unit = 0;
  do {
    int64_t number = 0;
    std::string_view name;
    if (!TakeQuantity(rest, number, name)) return NotADuration(text);
    const size_t unit = FindUnit(units, name);
    if (unit < next_unit || unit == units.size()) return NotADuration(text);
    if (number > kDurationMillisMax / units[unit].size) return NotADuration(text);
    millis += number * units[unit].size;
    next_unit = unit + 1;
  } while (!rest.empty());
  if (millis > kDurationMillisMax) return NotADuration(text);
  return std::chrono::milliseconds(millis);
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  std::string text;
  int64_t left = duration.count();
  for (const Unit& unit : kDurationUnits) {
    if (left / unit.size == 0) continue;
    fmt::format_to(std::back_inserter(text), "{}{}", left / unit.size, unit.name);
    left %= unit.size;
  }
  return text.empty() ? "0s" : text;
}

Result<ByteCount> ParseByteCount(std::string_view text) {
  std::string_view rest = text;
  int64_t number = 0;
  std::string_view name;
  if (!TakeQuantity(rest, number, name) || !rest.empty()) return NotAByteCount(text);
  const size_t unit = FindUnit(kByteUnits, name.empty() ? "B" : name);
  if (unit == std::size(kByteUnits)) return NotAByteCount(text);
  if (number > INT64_MAX / kByteUnits[unit].size) return NotAByteCount(text);
  return ByteCount{static_cast<uint64_t>(number * kByteUnits[unit].size)};
}

std::string FormatByteCount(ByteCount count) {
  for (const Unit& unit : kByteUnits) {
    const auto size = static_cast<uint64_t>(unit.size);
    if (count.bytes >= size && count.bytes % size == 0) {
      return fmt::format("{}{}", count.bytes / size, unit.name);
    }
  }
  return "0B";
}

}  // namespace luma::server
