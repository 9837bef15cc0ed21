#include "storage/cold/cold_keys.h"

#include <fmt/format.h>

#include <charconv>

namespace luma::storage {
namespace {

// Takes a number and the character after it off the front of `text`.
std::optional<uint64_t> TakeNumber(std::string_view& text, int base, char end) {
  uint64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), last, number, base);
  if (parsed.ec != std::errc() || parsed.ptr == last || *parsed.ptr != end) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(parsed.ptr - text.data()) + 1);
  return number;
}

}  // namespace

std::string ColdDatabasePrefix(std::string_view key_prefix, const DatabaseUuid& uuid) {
  std::string prefix(key_prefix);
  for (const std::byte byte : uuid) prefix += fmt::format("{:02x}", static_cast<int>(byte));
  return prefix + "/";
}

std::string ColdTablePrefix(std::string_view database_prefix, ObjectId table) {
  return fmt::format("{}{}/", database_prefix, static_cast<uint32_t>(table));
}

std::string ColdOwnerKey(std::string_view database_prefix) {
  return std::string(database_prefix) + "owner.json";
}

std::string ColdManifestKey(std::string_view database_prefix, ObjectId table) {
  return ColdTablePrefix(database_prefix, table) + "manifest.json";
}

std::optional<uint64_t> EpochOfColdKey(std::string_view key) {
  std::string_view name = key.substr(key.rfind('/') + 1);
  if (!TakeNumber(name, 10, '-') || !TakeNumber(name, 10, '-')) return std::nullopt;
  const std::optional<uint64_t> epoch = TakeNumber(name, 16, '-');
  return epoch && TakeNumber(name, 16, '.') ? epoch : std::nullopt;
}

}  // namespace luma::storage
