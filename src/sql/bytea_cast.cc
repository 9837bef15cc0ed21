#include "sql/bytea_cast.h"

#include <optional>
#include <string>
#include <string_view>

namespace luma::sql {
namespace {

using duckdb::string_t;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The bytes of "\x" and nothing but pairs of digits; both forms agree on a single pair.
std::optional<std::string> FromPostgresHex(std::string_view text) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (size_t i = 2; i < text.size(); i += 2) {
    const int high = HexDigit(text[i]);
    const int low = HexDigit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

std::optional<std::string> FromText(const string_t& text, duckdb::CastParameters& parameters) {
  auto bytes = FromPostgresHex({text.GetData(), text.GetSize()});
  if (bytes) return bytes;
  duckdb::idx_t size = 0;
  if (!duckdb::Blob::TryGetBlobSize(text, size, parameters)) return std::nullopt;
  return duckdb::Blob::ToBlob(text);
}

bool CastToBlob(duckdb::Vector& source, duckdb::Vector& result, duckdb::idx_t count,
                duckdb::CastParameters& parameters) {
  bool all_converted = true;
  duckdb::UnaryExecutor::ExecuteWithNulls<string_t, string_t>(
      source, result, count,
      [&](const string_t& text, duckdb::ValidityMask& mask, duckdb::idx_t row) {
        const auto bytes = FromText(text, parameters);
        if (bytes) return duckdb::StringVector::AddStringOrBlob(result, *bytes);
        mask.SetInvalid(row);
        all_converted = false;
        return string_t();
      });
  return all_converted;
}

}  // namespace

void RegisterByteaCast(duckdb::DBConfig& config) {
  config.GetCastFunctions().RegisterCastFunction(duckdb::LogicalType::VARCHAR,
                                                 duckdb::LogicalType::BLOB, CastToBlob);
}

}  // namespace luma::sql
