// Structured logs: one line per event on standard error, "time level module message key=value".
//   LUMA_LOG(kInfo, "storage", "flushed run: table={} rows={}", id, rows);
// Threads: any. A line below the level costs one relaxed load.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <string_view>

#include "base/status.h"

namespace luma {

enum class LogLevel : unsigned char { kTrace, kDebug, kInfo, kWarn, kError, kCritical, kOff };

Result<LogLevel> ParseLogLevel(std::string_view name);  // "trace" .. "critical", "off"
void SetLogLevel(LogLevel level);
bool LogEnabled(LogLevel level);
void WriteLog(LogLevel level, std::string_view module, std::string_view message);

}  // namespace luma

#define LUMA_LOG(level, module, ...)                                                       \
  do {                                                                                     \
    if (::luma::LogEnabled(::luma::LogLevel::level)) {                                     \
      ::luma::WriteLog(::luma::LogLevel::level, module, ::fmt::format(__VA_ARGS__));       \
    }                                                                                      \
  } while (false)
