#include "storage/table_policy_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "storage/catalog_codec.h"

namespace luma::storage {
namespace {

struct Unit {
  std::string_view name;  // how it is written back, for the first of a size
  uint64_t size;
};

constexpr Unit kAgeUnits[] = {
    {"d", 86'400},        {"h", 3'600},         {"m", 60},          {"s", 1},
    {"day", 86'400},      {"hour", 3'600},      {"minute", 60},     {"second", 1},
    {"days", 86'400},     {"hours", 3'600},     {"minutes", 60},    {"seconds", 1},
    {"min", 60},          {"mins", 60},         {"sec", 1},         {"secs", 1},
    {"w", 604'800},       {"week", 604'800},    {"weeks", 604'800}, {"y", 31'536'000},
    {"year", 31'536'000}, {"years", 31'536'000}};
constexpr size_t kAgeUnitsWritten = 4;
constexpr uint64_t kAgeSecondsMax = 36'500ull * 86'400;

constexpr Unit kSizeUnits[] = {
    {"TB", 1ull << 40},  {"GB", 1ull << 30},  {"MB", 1ull << 20},  {"kB", 1ull << 10},  {"B", 1},
    {"TiB", 1ull << 40}, {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"", 1}};
constexpr size_t kSizeUnitsWritten = 5;

void SkipSpaces(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

// Takes "<digits> <unit>" and the spaces around it off the front. Null when there is none.
const Unit* TakeQuantity(std::span<const Unit> units, std::string_view& text, uint64_t& number) {
  SkipSpaces(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return nullptr;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  SkipSpaces(text);
  const std::string_view name = text.substr(0, text.find_first_of("0123456789 "));
  text.remove_prefix(name.size());
  SkipSpaces(text);
  const auto unit = std::ranges::find(units, name, &Unit::name);
  return unit == units.end() ? nullptr : &*unit;
}

Status NotAnAge(std::string_view text) {
  return Status::InvalidArgument("not a duration such as '7d', '1h30m' or '30 days': value=", text);
}
Status NotASize(std::string_view text) {
  return Status::InvalidArgument("not a size such as '64MB': value=", text);
}

using Age = std::optional<std::chrono::seconds>;
using Size = std::optional<uint64_t>;

// In order of name.
constexpr std::pair<std::string_view, Age TablePolicy::*> kAges[] = {
    {"hot_age", &TablePolicy::hot_age},
    {"retention", &TablePolicy::retention},
    {"warm_age", &TablePolicy::warm_age}};
constexpr std::pair<std::string_view, Size TablePolicy::*> kSizes[] = {
    {"hot_bytes", &TablePolicy::hot_bytes}};

Status UnknownOption(std::string_view name) {
  std::vector<std::string_view> known;
  for (const auto& [age, field] : kAges) known.push_back(age);
  for (const auto& [size, field] : kSizes) known.push_back(size);
  std::ranges::sort(known);
  return Status::InvalidArgument("unknown table option: name=", name,
                                 " known=", fmt::format("{}", fmt::join(known, ",")));
}

Status SetOption(std::string_view name, std::string_view value, TablePolicy& policy) {
  for (const auto& [age, field] : kAges) {
    if (age != name) continue;
    const Result<std::chrono::seconds> parsed = ParseAge(value);
    if (!parsed.ok()) return parsed.status().WithContext(name);
    policy.*field = *parsed;
    return Status::Ok();
  }
  for (const auto& [size, field] : kSizes) {
    if (size != name) continue;
    const Result<uint64_t> parsed = ParseSize(value);
    if (!parsed.ok()) return parsed.status().WithContext(name);
    policy.*field = *parsed;
    return Status::Ok();
  }
  return UnknownOption(name);
}

// All of an object but options and what differs between versions anyway.
Bytes DefinitionBytes(const CatalogObject& object) {
  CatalogObject plain = object;
  plain.modified = CommitNumber{0};
  if (object.table != nullptr) {
    TableSchema table = *object.table;
    table.options.clear();
    plain.table = std::make_shared<const TableSchema>(std::move(table));
  }
  Bytes bytes;
  ByteWriter out(bytes);
  EncodeCatalogObject(plain, out);
  return bytes;
}

}  // namespace

Result<std::chrono::seconds> ParseAge(std::string_view text) {
  if (text == "0") return std::chrono::seconds(0);
  uint64_t seconds = 0;
  std::string_view rest = text;
  do {
    uint64_t number = 0;
    const Unit* const unit = TakeQuantity(kAgeUnits, rest, number);
    if (unit == nullptr || number > kAgeSecondsMax / unit->size) return NotAnAge(text);
    seconds += number * unit->size;
    if (seconds > kAgeSecondsMax) return NotAnAge(text);
  } while (!rest.empty());
  return std::chrono::seconds(seconds);
}

std::string FormatAge(std::chrono::seconds age) {
  std::string text;
  auto left = static_cast<uint64_t>(age.count());
  for (const Unit& unit : std::span(kAgeUnits).first(kAgeUnitsWritten)) {
    if (left >= unit.size) text += fmt::format("{}{}", left / unit.size, unit.name);
    left %= unit.size;
  }
  return text.empty() ? "0" : text;
}

Result<uint64_t> ParseSize(std::string_view text) {
  uint64_t number = 0;
  std::string_view rest = text;
  const Unit* const unit = TakeQuantity(kSizeUnits, rest, number);
  if (unit == nullptr || !rest.empty() || number > INT64_MAX / unit->size) return NotASize(text);
  return number * unit->size;
}

std::string FormatSize(uint64_t bytes) {
  const auto units = std::span(kSizeUnits).first(kSizeUnitsWritten);
  const auto exact = std::ranges::find_if(
      units, [&](const Unit& unit) { return bytes >= unit.size && bytes % unit.size == 0; });
  if (exact == units.end()) return "0B";
  return fmt::format("{}{}", bytes / exact->size, exact->name);
}

Result<TablePolicy> ParseTablePolicy(const std::map<std::string, std::string>& options) {
  TablePolicy policy;
  for (const auto& [name, value] : options) {
    LUMA_RETURN_IF_ERROR(SetOption(name, value, policy));
  }
  return policy;
}

std::map<std::string, std::string> FormatTablePolicy(const TablePolicy& policy) {
  std::map<std::string, std::string> options;
  for (const auto& [name, field] : kAges) {
    if (policy.*field) options.emplace(name, FormatAge(*(policy.*field)));
  }
  for (const auto& [name, field] : kSizes) {
    if (policy.*field) options.emplace(name, FormatSize(*(policy.*field)));
  }
  return options;
}

TablePolicy TablePolicyOf(const TableSchema& table) {
  TablePolicy policy;
  for (const auto& [name, value] : table.options) {
    // Written by an older or newer version; user options are checked before they get here.
    static_cast<void>(SetOption(name, value, policy).ok());
  }
  return policy;
}

bool DifferOnlyInOptions(const CatalogObject& before, const CatalogObject& after) {
  return before.kind == ObjectKind::kTable && after.kind == ObjectKind::kTable &&
         (before.table == nullptr) == (after.table == nullptr) &&
         DefinitionBytes(before) == DefinitionBytes(after);
}

}  // namespace luma::storage
