// The options of a table that make up its policy, as ALTER TABLE ... SET (name = 'value') gives
// them and TableSchema::options keeps them: hot_age, hot_bytes, warm_age and retention.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/status.h"
#include "model/schema.h"
#include "storage/catalog.h"
#include "storage/table_policy.h"

namespace luma::storage {

// Whole numbers with units, with or without spaces: "7d", "1h30m", "30 days", "1 week 2 days".
// Units are s, m, h, d, w and y (365 days), and the words for them; a month has no fixed length.
// "0" needs no unit. Errors: kInvalidArgument, also above 36,500 days.
Result<std::chrono::seconds> ParseAge(std::string_view text);
std::string FormatAge(std::chrono::seconds age);  // "1d12h", "0"

// Bytes as PostgreSQL writes them: a whole number with B, kB, MB, GB or TB, each 1024 times the one
// before; KiB, MiB, GiB and TiB mean the same. Errors: kInvalidArgument.
Result<uint64_t> ParseSize(std::string_view text);
std::string FormatSize(uint64_t bytes);  // in the largest unit that is exact

// For options that a user sets. Errors: kInvalidArgument for an unknown name, with the known ones,
// and for a value that does not fit. A retention of 0 keeps rows for ever, whatever the default is.
Result<TablePolicy> ParseTablePolicy(const std::map<std::string, std::string>& options);
// The options that ParseTablePolicy makes `policy` of.
std::map<std::string, std::string> FormatTablePolicy(const TablePolicy& policy);

// Of a table in the catalog: what is not an option of a policy does not count.
TablePolicy TablePolicyOf(const TableSchema& table);

// Whether two versions of one table have the same definition but for `options`. Such a change is
// allowed on built-in tables, and conflicts with no change of rows.
bool DifferOnlyInOptions(const CatalogObject& before, const CatalogObject& after);

}  // namespace luma::storage
