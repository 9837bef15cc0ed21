// Dates, times and intervals as PostgreSQL prints them with DateStyle ISO and IntervalStyle
// postgres.
#pragma once

#include <cstdint>
#include <string>

#include "base/column.h"

namespace luma::pgwire {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
// PostgreSQL counts from 2000-01-01, LumaDB from 1970-01-01.
inline constexpr int32_t kPostgresEpochDays = 10'957;
inline constexpr int64_t kPostgresEpochMicros = kPostgresEpochDays * kMicrosPerDay;

// How infinities are kept in result columns (sql/database.h).
inline constexpr int32_t kDateInfinity = INT32_MAX;
inline constexpr int32_t kDateMinusInfinity = -INT32_MAX;
inline constexpr int64_t kTimestampInfinity = INT64_MAX;
inline constexpr int64_t kTimestampMinusInfinity = -INT64_MAX;

struct CivilDate {
  int64_t year = 0;  // astronomical: 0 is 1 BC
  unsigned month = 0;
  unsigned day = 0;
};
int64_t DaysFromCivil(const CivilDate& date);  // since 1970-01-01

void AppendDate(int32_t days, std::string& out);
void AppendTime(int64_t micros, std::string& out);
void AppendTimestamp(int64_t micros, std::string& out);
// `offset_seconds`: of local time east of UTC at that moment.
void AppendTimestampTz(int64_t micros, int32_t offset_seconds, std::string& out);
void AppendInterval(const IntervalValue& interval, std::string& out);

}  // namespace luma::pgwire
